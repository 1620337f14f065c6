import { Seq } from '@inlet/protocol/seq'
import { sseHeaders } from '@inlet/realtime/sse-encode'
import * as z from 'zod'
import { forUser } from './handle.ts'
import { check, parseQuery } from './parse.ts'

const Cursor = z.coerce.number().pipe(Seq)
const Query = z.strictObject({ after: Cursor.optional() })

/** The stream. Resumes after Last-Event-ID, which a browser sends by itself, or after `after`. */
export const emailUpdates = forUser(({ request, runtime, user }) => {
  const query = parseQuery(Query, request.url)
  const lastId = request.headers.get('last-event-id')
  const resumed = lastId ? check(Cursor, lastId, 'Last-Event-ID is not a cursor of this feed.') : undefined
  // Whoever asks for the headers only reads no stream.
  if (request.method === 'HEAD') return new Response(null, { headers: sseHeaders })
  const { id: userId, sessionId } = user
  const after = resumed ?? query.after ?? null
  return { stream: sink => void runtime.hub.open({ userId, sessionId, after, sink }) }
})
