import { createPacer, DEFAULT_LIMITS, type Pacer, type Turn } from '@inlet/sync/pacing'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, Priority } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'
import { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { withDeadline } from '../with-deadline.ts'
import type { GmailSettings } from './config.ts'
import { type Failure, isAmbiguous, readFailure, toProviderError } from './errors.ts'
import type { GmailMethod } from './quota.ts'

/** What one call needs of googleapis: our headers, our time limit, no retries of its own (it ignores Retry-After). */
export type CallOptions = {
  headers: Record<string, string>
  signal: AbortSignal
  retry: false
  size: number
}

export type Call = {
  method: GmailMethod
  /** For messages: "could not …". */
  action: string
  priority: Priority
  signal: AbortSignal
  timeoutMs?: number
  /** Never repeated by us: a send. Its ambiguous ends throw AmbiguousEnd. */
  once?: boolean
  /** An empty answer is expected. */
  empty?: boolean
}

/** The request left and no usable answer came back: it may or may not have been carried out. */
export class AmbiguousEnd extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(`No usable answer came (${failure.status ?? failure.code}).`)
    this.name = 'AmbiguousEnd'
    this.failure = failure
  }
}

export type GmailClient = {
  /** Paced, authorised, timed and translated. Throws ProviderError, AmbiguousEnd (with `once`) or the signal's reason. */
  call<T>(
    conn: Connection,
    call: Call,
    run: (gmail: gmail_v1.Gmail, options: CallOptions) => PromiseLike<{ data: T }>,
  ): Promise<T>
  readonly settings: GmailSettings
  readonly world: World
}

const TRIES = 3
const RETRY_BASE_MS = 200
/** Largest answer that is read: a 25 MB mail's parts in base64, with room. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024
/** Accounts whose pace is remembered; the longest unused is forgotten first. */
const PACERS_MAX = 10_000

export function createClient(settings: GmailSettings, world: World): GmailClient {
  const gmail = new gmail_v1.Gmail({ rootUrl: settings.gmailBaseUrl })
  const pacers = new Map<string, Pacer>()

  function pacerOf(accountId: string): Pacer {
    const limits = {
      ...DEFAULT_LIMITS,
      unitsPerMinute: settings.unitsPerMinute,
      maxWaitMs: settings.maxWaitMs,
    }
    const pacer = pacers.get(accountId) ?? createPacer(limits, world)
    pacers.delete(accountId)
    pacers.set(accountId, pacer)
    for (const [id, idle] of pacers) {
      if (pacers.size <= PACERS_MAX) break
      if (idle.waiting() === 0) pacers.delete(id)
    }
    return pacer
  }

  async function attempt<T>(
    conn: Connection,
    call: Call,
    token: string,
    run: (gmail: gmail_v1.Gmail, options: CallOptions) => PromiseLike<{ data: T }>,
  ): Promise<{ ok: true; data: T } | { ok: false; failure: Failure; turn: Turn }> {
    const turn = await pacerOf(conn.accountId).turn(settings.quota[call.method], call.priority, call.signal)
    try {
      const { data } = await withDeadline(call.signal, call.timeoutMs ?? settings.timeoutMs, signal =>
        run(gmail, {
          headers: { authorization: `Bearer ${token}` },
          signal,
          retry: false,
          size: ANSWER_MAX_BYTES,
        }),
      )
      if (!call.empty && (typeof data !== 'object' || data === null)) {
        const message = 'the answer was no JSON object'
        return {
          ok: false,
          failure: { status: null, reason: '', message, retryAfter: null, code: 'bad_answer' },
          turn,
        }
      }
      turn.succeeded()
      return { ok: true, data }
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason
      return { ok: false, failure: readFailure(error), turn }
    }
  }

  return {
    settings,
    world,
    async call(conn, call, run) {
      let token = await conn.accessToken(call.signal)
      let refreshed = false
      for (let tries = 1; ; ) {
        const result = await attempt(conn, call, token, run)
        if (result.ok) return result.data
        const { failure, turn } = result
        const error = toProviderError(failure, call.action, world.now())
        if (error.kind === 'rate_limited') {
          // A cap on sending may last for hours and says nothing about reading: it does not hold the account's pace.
          const retryAt = call.once && error.retryAt !== null ? error.retryAt : turn.refused(error.retryAt)
          throw new ProviderError('rate_limited', error.message, { cause: error.cause, retryAt })
        }
        if (error.kind === 'unauthorized' && !error.reconnect && !refreshed) {
          refreshed = true
          token = await conn.accessToken(call.signal, token)
          continue
        }
        if (call.once && isAmbiguous(failure)) throw new AmbiguousEnd(failure)
        // A second and a third wait of the whole time limit would only hold up whoever asks; the engine tries again later.
        if (error.kind !== 'transient' || failure.code === 'TimeoutError' || call.once || tries >= TRIES)
          throw error
        await world.sleep(world.random() * RETRY_BASE_MS * 2 ** tries, call.signal)
        tries += 1
      }
    },
  }
}
