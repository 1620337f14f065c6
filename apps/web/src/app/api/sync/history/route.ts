import { SyncHistoryQuery, type SyncHistoryResponse } from '@inlet/protocol/sync-api'
import { parseQuery } from '@/server/parse.ts'
import { json, userRoute } from '@/server/route.ts'

export const GET = userRoute(async ({ request, runtime, user }) => {
  const runs = await runtime.reads.syncRuns(user.id, parseQuery(SyncHistoryQuery, request.url))
  return json({ runs } satisfies SyncHistoryResponse)
})
