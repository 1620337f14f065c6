import { webSink } from '@inlet/realtime/sink-web'
import { sseHeaders } from '@inlet/realtime/sse-encode'
import { after } from 'next/server'
import { ApiError, noStore } from './api-error.ts'
import type { SignedIn } from './current-session.ts'
import { type Call, forUser, type Handler, handle } from './handle.ts'

type NextHandler = (
  request: Request,
  context: { params: Promise<Record<string, string>> },
) => Promise<Response>

/** A route of Next's, open to anyone. */
export function openRoute(handler: Handler): NextHandler {
  return async (request, context) => {
    const answer = await handle(handler, request, { params: await context.params, afterwards: after })
    if (answer instanceof Response) return answer
    const { sink, stream } = webSink({ signal: request.signal })
    answer.stream(sink)
    return new Response(stream, { headers: sseHeaders })
  }
}

/** A route of Next's for a signed-in user. */
export const userRoute = (handler: Handler<Call & { user: SignedIn }>): NextHandler =>
  openRoute(forUser(handler))

export { ApiError, type Call, noStore }

export function json(body: unknown, init: { status?: number } = {}): Response {
  return Response.json(body, { status: init.status ?? 200, headers: noStore })
}
