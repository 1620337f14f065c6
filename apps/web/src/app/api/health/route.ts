import { json, openRoute } from '@/server/route.ts'

/** For load balancers: 200 while the database answers, 503 when it does not. */
export const GET = openRoute(async ({ runtime }) => {
  const health = await runtime.health()
  return json(health, { status: health.ok ? 200 : 503 })
})
