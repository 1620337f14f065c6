import { MessagesQuery } from '@inlet/protocol/messages-api'
import { parseQuery } from '@/server/parse.ts'
import { json, userRoute } from '@/server/route.ts'

/** Older mail than the mirror holds, newest first. */
export const GET = userRoute(async ({ request, runtime, user }) =>
  json(await runtime.reads.threadsPage(user.id, parseQuery(MessagesQuery, request.url))),
)
