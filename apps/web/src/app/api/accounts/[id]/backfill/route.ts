import { startReconcile } from '@inlet/sync/reconcile'
import { after } from 'next/server'
import { ownAccount } from '@/server/own-account.ts'
import { noStore, userRoute } from '@/server/route.ts'

/** Compares every id with the provider's and mends every difference. Answers at once; progress is on the account's row. */
export const POST = userRoute(async call => {
  const account = await ownAccount(call)
  await startReconcile(call.runtime.engine, account.id, 'person')
  after(() => call.runtime.kick())
  return new Response(null, { status: 202, headers: noStore })
})
