import { ChangesQuery } from '@inlet/protocol/changes'
import { parseQuery } from '@/server/parse.ts'
import { json, userRoute } from '@/server/route.ts'

/** Following (`after`, upwards) and filling (`before`), see protocol/changes. */
export const GET = userRoute(async ({ request, runtime, user, signal }) => {
  const { after, before, limit } = parseQuery(ChangesQuery, request.url)
  if (before !== undefined) return json(await runtime.feed.fill(user.id, before, limit, signal))
  return json(await runtime.feed.follow(user.id, after ?? 0, limit, signal))
})
