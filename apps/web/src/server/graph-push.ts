import type { PushOutcome } from '@inlet/sync/push-event'
import { pushEvent, type ReadPush } from '@inlet/sync/push-event'
import { receivePush } from '@inlet/sync/receive-push'
import { adapterOf } from './adapter-of.ts'
import { ApiError, noStore } from './api-error.ts'
import type { Call, Handler } from './handle.ts'
import { readBody } from './read-body.ts'
import { callerOf, limitUnverified } from './unverified.ts'

/** An item has up to a kilobyte, most of it ids. */
const BODY_LIMIT = 1024 * 1024
const TOKEN_MAX = 4 * 1024
/** Graph calls a later answer than 3 s slow, and delays or drops what comes to a slow address. */
const ANSWER_MS = 2_500
const RENEW_LIMIT_MS = 20_000
const KNOWN_MAX = 1_000

/** Callers whose latest notifications were genuine, the latest last. */
const known = new Set<string>()

/**
 * Notifications of Microsoft Graph, of lifecycles as well, and its question whether we want them. Nothing but each
 * item's secret shows that Graph sent it, and only the database knows that: so callers who have brought nothing genuine
 * yet are counted before anything is written for them. Answered 202 once every mark is durable, even where items were
 * forged or unreadable: a refusal brings all of them again.
 */
export const graphPush: Handler = async call => {
  const graph = adapterOf(call.runtime, 'graph')
  const token = new URL(call.request.url).searchParams.get('validationToken')
  if (token !== null) return echo(token)
  return await inTime(receive(call, graph.parsePush))
}

/** Plain text, and like every answer of ours `nosniff`: no browser takes it for anything else, whoever asks. */
function echo(token: string): Response {
  if (token.length > TOKEN_MAX) throw new ApiError('bad_request', 'The validation token is too long.')
  return new Response(token, { headers: { ...noStore, 'content-type': 'text/plain; charset=utf-8' } })
}

async function receive(call: Call, parse: (request: { body: string }) => ReadPush[]): Promise<Response> {
  const { request, runtime } = call
  const caller = callerOf(call)
  if (!known.has(caller)) await limitUnverified(call)
  const body = new TextDecoder().decode(await readBody(request, BODY_LIMIT))
  const pushes = parse({ body })
  const outcomes = await record(call, pushes)
  for (const { outcome } of outcomes) runtime.metrics.push(outcome)
  remember(caller, outcomes.some(isGenuine))
  if (pushes.some((push, at) => endsWatch(push) && isGenuine(outcomes[at])))
    call.afterwards(async () => {
      await runtime.renewWatchesNow(AbortSignal.timeout(RENEW_LIMIT_MS))
      await runtime.kick()
    })
  else if (outcomes.some(({ ring }) => ring)) call.afterwards(() => runtime.kick())
  return new Response(null, { status: 202, headers: noStore })
}

async function record({ runtime }: Call, pushes: ReadPush[]): Promise<PushOutcome[]> {
  try {
    return await Promise.all(pushes.map(push => receivePush(runtime.engine, pushEvent('graph', push))))
  } catch (error) {
    runtime.log.warn({ error: String(error) }, 'notifications of Graph could not be recorded')
    throw new ApiError('unavailable', 'The notifications could not be recorded. Send them again.')
  }
}

const isGenuine = (push: PushOutcome | undefined): boolean =>
  push?.outcome === 'marked' || push?.outcome === 'duplicate' || push?.outcome === 'stopped'

const endsWatch = (push: ReadPush): boolean =>
  push.kind === 'notice' &&
  'watch' in push.notice &&
  (push.notice.kind === 'removed' || push.notice.kind === 'lapsing')

function remember(caller: string, genuine: boolean): void {
  known.delete(caller)
  if (!genuine) return
  known.add(caller)
  if (known.size > KNOWN_MAX)
    for (const oldest of known) {
      known.delete(oldest)
      break
    }
}

/** Whatever is not done by then goes on, and comes again as well: marks may be doubled. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const error = new ApiError('unavailable', 'The notifications are not recorded yet. Send them again.')
  const timer = setTimeout(() => late.reject(error), ANSWER_MS)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
