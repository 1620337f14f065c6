import type { SyncStatusResponse } from '@inlet/protocol/sync-api'
import { json, userRoute } from '@/server/route.ts'

export const GET = userRoute(async ({ runtime, user }) => {
  const [accounts, failedItems] = await Promise.all([
    runtime.reads.accounts(user.id),
    runtime.reads.failedItems(user.id),
  ])
  return json({ accounts, failedItems } satisfies SyncStatusResponse)
})
