import { announce } from '@inlet/sync/engine'
import { stopWatches } from '@inlet/sync/watches'
import { ownAccount } from '@/server/own-account.ts'
import { noStore, userRoute } from '@/server/route.ts'

/** Realtime off: nothing is synced until it is started again; what is stored stays. */
export const POST = userRoute(async call => {
  const account = await ownAccount(call)
  await stopWatches(call.runtime.engine, account.id, call.signal)
  await announce(
    call.runtime.engine,
    await call.runtime.engine.store.setEnabled(account.id, false, Date.now()),
  )
  return new Response(null, { status: 204, headers: noStore })
})
