import { disconnectAccount } from '@inlet/sync/connect-account'
import { ownAccount } from '@/server/own-account.ts'
import { noStore, userRoute } from '@/server/route.ts'

/** Disconnects: the doorbell is stopped, the grant given back, and everything of this account is deleted here. */
export const DELETE = userRoute(async call => {
  const account = await ownAccount(call)
  await disconnectAccount(call.runtime.engine, account.id, call.signal)
  await call.runtime.audit({
    userId: call.user.id,
    action: 'account_disconnected',
    detail: { accountId: account.id },
  })
  return new Response(null, { status: 204, headers: noStore })
})
