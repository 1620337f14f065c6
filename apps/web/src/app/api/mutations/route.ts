import { MutationsRequest, type MutationsResponse } from '@inlet/protocol/mutations'
import { after } from 'next/server'
import * as z from 'zod'
import { parseJson, parseQuery } from '@/server/parse.ts'
import { json, userRoute } from '@/server/route.ts'

/** The browser's outbox arrives. Durable before it is answered; carried out right after. */
export const POST = userRoute(async ({ request, runtime, user }) => {
  const { mutations } = await parseJson(MutationsRequest, request)
  const results = await runtime.engine.store.addMutations(user.id, mutations, Date.now())
  after(() => runtime.kick())
  return json({ results } satisfies z.infer<typeof MutationsResponse>)
})

const ResultsQuery = z.strictObject({ clientIds: z.string().max(4_000) })

/** How earlier mutations stand: ?clientIds=a,b,c */
export const GET = userRoute(async ({ request, runtime, user }) => {
  const clientIds = parseQuery(ResultsQuery, request.url).clientIds.split(',').slice(0, 50)
  return json({ results: await runtime.engine.store.mutationResults(user.id, clientIds) })
})
