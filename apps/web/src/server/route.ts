import type { Runtime } from '@inlet/runtime/compose'
import { ApiError, errorResponse, toApiError } from './api-error.ts'
import { clientIp } from './client-ip.ts'
import { getRuntime } from './runtime.ts'
import { currentSession, type SignedIn } from './session.ts'

export type Call<P = Record<string, string>> = {
  request: Request
  params: P
  runtime: Runtime
  signal: AbortSignal
}
type Handler<C> = (call: C) => Promise<Response> | Response
type NextHandler = (
  request: Request,
  context: { params: Promise<Record<string, string>> },
) => Promise<Response>

/** No call outlives this, whatever a provider does. The stream has its own lifetime. */
const TIME_LIMIT_MS = 30_000
const PER_USER = { name: 'api', limit: 1_200, windowMs: 60_000 }

/** A route open to anyone: errors become answers, and that is all. */
export function openRoute(handler: Handler<Call>): NextHandler {
  return async (request, context) => {
    try {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(TIME_LIMIT_MS)])
      return await handler({ request, params: await context.params, runtime: await getRuntime(), signal })
    } catch (error) {
      return await answer(error, request)
    }
  }
}

/** A route of a signed-in user: session, same origin for changes, and a limit per user before the handler runs. */
export function userRoute(handler: Handler<Call & { user: SignedIn }>): NextHandler {
  return openRoute(async call => {
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
    return await handler({ ...call, user })
  })
}

/** Browsers send Origin with every cross-site change; what carries none is not a browser acting for somebody else. */
function requireSameOrigin(request: Request, baseUrl: string): void {
  const origin = request.headers.get('origin')
  if (origin === null) return
  const host = request.headers.get('host')
  if (origin === new URL(baseUrl).origin || (host !== null && new URL(origin).host === host)) return
  throw new ApiError('forbidden', `Changes are not accepted from ${origin}.`)
}

async function answer(error: unknown, request: Request): Promise<Response> {
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

export { ApiError, clientIp }

export const noStore = { 'cache-control': 'no-store' } as const

export function json(body: unknown, init: { status?: number } = {}): Response {
  return Response.json(body, { status: init.status ?? 200, headers: noStore })
}
