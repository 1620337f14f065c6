import { SearchQuery } from '@inlet/protocol/messages-api'
import { parseQuery } from '@/server/parse.ts'
import { json, userRoute } from '@/server/route.ts'

export const GET = userRoute(async ({ request, runtime, user }) =>
  json(await runtime.reads.search(user.id, parseQuery(SearchQuery, request.url))),
)
