import { Ack } from '@inlet/protocol/changes'
import { parseJson } from '@/server/parse.ts'
import { noStore, userRoute } from '@/server/route.ts'

/** What a mirror has applied and how late: figures for operators, nothing depends on it. */
export const POST = userRoute(async ({ request, runtime }) => {
  const { latencyMs } = await parseJson(Ack, request)
  runtime.metrics.ack(latencyMs)
  return new Response(null, { status: 204, headers: noStore })
})
