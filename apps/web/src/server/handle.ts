import type { Sink } from '@inlet/realtime/sink'
import type { Runtime } from '@inlet/runtime/compose'
import { ApiError, errorResponse, toApiError } from './api-error.ts'
import { currentSession, type SignedIn } from './current-session.ts'
import type { Incoming } from './incoming.ts'
import { getRuntime } from './runtime.ts'

/** What a handler is called with, whoever serves it: Next (route.ts) or our own server (direct.ts). */
export type Call<P = Record<string, string>> = {
  request: Incoming
  params: P
  runtime: Runtime
  /** Aborted when the caller goes, and when the call has taken too long. */
  readonly signal: AbortSignal
  /** Runs `work` once the answer is out; the platform keeps the process for it. */
  afterwards(work: () => Promise<void>): void
}
/** An answer that goes on: whoever serves it makes the sink and hands it over once the headers are out. */
export type StreamAnswer = { stream(sink: Sink): void }
export type Answer = Response | StreamAnswer
export type Handler<C = Call> = (call: C) => Promise<Answer> | Answer

/** What the server gives to a call beside the request itself. */
export type Around = { params: Record<string, string>; afterwards: Call['afterwards'] }

/** No call outlives this, whatever a provider does. The stream has its own lifetime. */
const TIME_LIMIT_MS = 30_000
const PER_USER = { name: 'api', limit: 1_200, windowMs: 60_000 }

/** Runs the handler; errors become answers. Never rejects. */
export async function handle(handler: Handler, request: Incoming, around: Around): Promise<Answer> {
  try {
    const runtime = await getRuntime()
    let limited: AbortSignal | null = null
    return await handler({
      request,
      runtime,
      ...around,
      // Made when it is asked for: a timer and three objects that the quick routes do without.
      get signal() {
        limited ??= AbortSignal.any([request.signal, AbortSignal.timeout(TIME_LIMIT_MS)])
        return limited
      },
    })
  } catch (error) {
    return await answerTo(error, request)
  }
}

/** For a signed-in user: session, same origin for changes, and a limit per user before the handler runs. */
export function forUser(handler: Handler<Call & { user: SignedIn }>): Handler {
  return async call => {
    const { request, runtime } = call
    if (request.method !== 'GET' && request.method !== 'HEAD')
      requireSameOrigin(request, runtime.config.baseUrl)
    const user = await currentSession(request.headers)
    if (!user) throw new ApiError('unauthorized', 'Sign in to see this.')
    const limited = await runtime.limit(PER_USER, user.id)
    if (!limited.ok)
      throw new ApiError('rate_limited', 'Too many requests; slow down a little.', {
        retryAfter: limited.retryAfterS,
      })
    return await handler(Object.assign(call, { user }))
  }
}

/** Browsers send Origin with every cross-site change; what carries none is not a browser acting for somebody else. */
function requireSameOrigin(request: Incoming, baseUrl: string): void {
  const origin = request.headers.get('origin')
  if (origin === null) return
  const host = request.headers.get('host')
  if (origin === new URL(baseUrl).origin) return
  // "null", what a sandboxed frame sends, is no URL.
  if (host !== null && URL.canParse(origin) && new URL(origin).host === host) return
  throw new ApiError('forbidden', `Changes are not accepted from ${origin}.`)
}

async function answerTo(error: unknown, request: Incoming): Promise<Response> {
  if (request.signal.aborted) return new Response(null, { status: 499 })
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return errorResponse(new ApiError('timeout', 'This took too long. Try again.'))
  const api = toApiError(error)
  if (api.code === 'internal') {
    const { pathname } = new URL(request.url)
    const fields = { pathname, error: String(error), stack: error instanceof Error ? error.stack : null }
    await getRuntime().then(
      runtime => runtime.log.error(fields, 'request failed'),
      () => console.error(fields),
    )
  }
  return errorResponse(api)
}
