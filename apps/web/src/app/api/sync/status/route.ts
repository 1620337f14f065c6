import type { SyncStatusResponse } from '@inlet/protocol/sync-api'
import { json, userRoute } from '@/server/route.ts'

export const GET = userRoute(async ({ runtime, user }) => {
  const [accounts, failedItems, attended] = await Promise.all([
    runtime.reads.accounts(user.id),
    runtime.reads.failedItems(user.id),
    runtime.engine.store.attendedOf(user.id, Date.now()),
  ])
  return json({ accounts, failedItems, attended } satisfies SyncStatusResponse)
})
