import { announce } from '@inlet/sync/engine'
import { after } from 'next/server'
import { ownAccount } from '@/server/own-account.ts'
import { noStore, userRoute } from '@/server/route.ts'

/** Realtime on: syncing goes on from where it stopped, and the doorbell is registered again. */
export const POST = userRoute(async call => {
  const { runtime } = call
  const account = await ownAccount(call)
  await announce(runtime.engine, await runtime.engine.store.setEnabled(account.id, true, Date.now()))
  after(async () => {
    await runtime.renewWatchesNow(AbortSignal.timeout(20_000))
    await runtime.kick()
  })
  return new Response(null, { status: 204, headers: noStore })
})
