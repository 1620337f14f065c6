import { stopWatches } from '@inlet/sync/watches'
import { ownAccount } from '@/server/own-account.ts'
import { json, userRoute } from '@/server/route.ts'

/** Registers the doorbell anew. */
export const POST = userRoute(async call => {
  const account = await ownAccount(call)
  await stopWatches(call.runtime.engine, account.id, call.signal)
  return json(await call.runtime.renewWatchesNow(call.signal))
})
