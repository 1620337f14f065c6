import { createPacer, DEFAULT_LIMITS, type Pacer, type Turn } from '@inlet/sync/pacing'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, Priority } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'
import { withDeadline } from '../with-deadline.ts'
import type { GraphSettings } from './config.ts'
import { type Failure, failureOf, failureOfThrown, isAmbiguous, toProviderError } from './errors.ts'
import { createPlaces, type Places } from './places.ts'
import { createTransport, type GraphAnswer, type GraphRequest } from './transport.ts'

export type Call = {
  /** For messages: "could not …". */
  action: string
  priority: Priority
  signal: AbortSignal
  timeoutMs?: number
  /** Never repeated by us: a send. Its ambiguous ends throw AmbiguousEnd. */
  once?: boolean
  /** An answer without a JSON object is expected. */
  empty?: boolean
  /** How many requests it counts as: those of a batch. */
  requests?: number
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

export type GraphClient = {
  /** Paced, authorised, timed and translated. Throws ProviderError, AmbiguousEnd (with `once`) or the signal's reason. */
  call(conn: Connection, call: Call, request: GraphRequest): Promise<GraphAnswer>
  /**
   * The same for what holds requests of its own: `judge` reads the good answer and says the longest Retry-After of
   * those that were refused as too fast (undefined: none was).
   */
  callMany(
    conn: Connection,
    call: Call,
    request: GraphRequest,
    judge: (answer: GraphAnswer) => number | null | undefined,
  ): Promise<{ answer: GraphAnswer; retryAt: number | null }>
  readonly settings: GraphSettings
  readonly world: World
}

const TRIES = 3
const RETRY_BASE_MS = 200
/** Accounts whose pace is remembered; the longest unused is forgotten first. */
const ACCOUNTS_MAX = 10_000

type Account = { pacer: Pacer; places: Places }

export function createClient(settings: GraphSettings, world: World): GraphClient {
  const transport = createTransport(settings.graphBaseUrl)
  const accounts = new Map<string, Account>()

  function accountOf(accountId: string): Account {
    const limits = {
      ...DEFAULT_LIMITS,
      unitsPerMinute: settings.requestsPerMinute,
      maxWaitMs: settings.maxWaitMs,
    }
    const account = accounts.get(accountId) ?? {
      pacer: createPacer(limits, world),
      places: createPlaces(settings.concurrency),
    }
    accounts.delete(accountId)
    accounts.set(accountId, account)
    for (const [id, { pacer, places }] of accounts) {
      if (accounts.size <= ACCOUNTS_MAX) break
      if (pacer.waiting() === 0 && places.idle) accounts.delete(id)
    }
    return account
  }

  async function attempt(
    conn: Connection,
    call: Call,
    request: GraphRequest,
    token: string,
  ): Promise<{ answer: GraphAnswer; turn: Turn } | { failure: Failure; turn: Turn }> {
    const { pacer, places } = accountOf(conn.accountId)
    const turn = await pacer.turn(call.requests ?? 1, call.priority, call.signal)
    const leave = await places.enter(call.requests ?? 1, call.priority, call.signal)
    try {
      const answer = await withDeadline(call.signal, call.timeoutMs ?? settings.timeoutMs, signal =>
        transport(request, token, signal),
      )
      const { status, body, retryAfter } = answer
      const good = status >= 200 && status < 300
      const usable = call.empty || request.binary || (typeof body === 'object' && body !== null)
      return good && usable ? { answer, turn } : { failure: failureOf(status, body, retryAfter), turn }
    } catch (error) {
      if (call.signal.aborted) throw call.signal.reason
      return { failure: failureOfThrown(error), turn }
    } finally {
      leave()
    }
  }

  async function exchange(
    conn: Connection,
    call: Call,
    request: GraphRequest,
  ): Promise<{ answer: GraphAnswer; turn: Turn }> {
    let token = await conn.accessToken(call.signal)
    let refreshed = false
    for (let tries = 1; ; ) {
      const result = await attempt(conn, call, request, token)
      if ('answer' in result) return result
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
  }

  return {
    settings,
    world,
    async call(conn, call, request) {
      const { answer, turn } = await exchange(conn, call, request)
      turn.succeeded()
      return answer
    },
    async callMany(conn, call, request, judge) {
      const { answer, turn } = await exchange(conn, call, request)
      const refused = judge(answer)
      if (refused !== undefined) return { answer, retryAt: turn.refused(refused) }
      turn.succeeded()
      return { answer, retryAt: null }
    },
  }
}
