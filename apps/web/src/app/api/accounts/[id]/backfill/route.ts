import { startResync } from '@inlet/sync/resync'
import { after } from 'next/server'
import { ownAccount } from '@/server/own-account.ts'
import { noStore, userRoute } from '@/server/route.ts'

/** Walks the whole mailbox again and mends every difference. Answers at once; progress is on the account's row. */
export const POST = userRoute(async call => {
  const account = await ownAccount(call)
  await startResync(call.runtime.engine, account.id)
  after(() => call.runtime.kick())
  return new Response(null, { status: 202, headers: noStore })
})
