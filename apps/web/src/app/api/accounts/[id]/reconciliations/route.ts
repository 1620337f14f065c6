import type { ReconciliationsResponse } from '@inlet/protocol/sync-api'
import { ownAccount } from '@/server/own-account.ts'
import { json, userRoute } from '@/server/route.ts'

/** As many as the card shows. */
const SHOWN = 10

/** The last comparisons of the account with its provider, newest first. */
export const GET = userRoute(async call => {
  const account = await ownAccount(call)
  const reconciliations = await call.runtime.reads.reconciliations(call.user.id, account.id, SHOWN)
  return json({ reconciliations } satisfies ReconciliationsResponse)
})
