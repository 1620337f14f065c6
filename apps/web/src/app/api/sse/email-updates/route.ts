import { Seq } from '@inlet/protocol/seq'
import { webSink } from '@inlet/realtime/sink-web'
import { sseHeaders } from '@inlet/realtime/sse-encode'
import * as z from 'zod'
import { check, parseQuery } from '@/server/parse.ts'
import { userRoute } from '@/server/route.ts'

export const maxDuration = 300

const Query = z.strictObject({ after: z.coerce.number().pipe(Seq).optional() })

/** The stream. Resumes after Last-Event-ID, which a browser sends by itself, or after `after`. */
export const GET = userRoute(async ({ request, runtime, user }) => {
  const query = parseQuery(Query, request.url)
  const lastId = request.headers.get('last-event-id')
  const resumed = lastId
    ? check(z.coerce.number().pipe(Seq), lastId, 'Last-Event-ID is not a cursor of this feed.')
    : undefined
  const { sink, stream } = webSink({ signal: request.signal })
  runtime.hub.open({
    userId: user.id,
    sessionId: user.sessionId,
    after: resumed ?? query.after ?? null,
    sink,
  })
  return new Response(stream, { headers: sseHeaders })
})
