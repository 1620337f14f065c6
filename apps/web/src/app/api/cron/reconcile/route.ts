import { cronRoute } from '@/server/cron.ts'

/**
 * Sets the provider's counts beside ours for every account, starts comparing every id of those that were not compared
 * for a night, a few at a time, and goes on with what is being compared.
 */
export const GET = cronRoute(async ({ runtime, signal }) => {
  const proven = await runtime.proveAll(signal)
  const started = await runtime.reconcileDue()
  return { ...proven, started, runs: await runtime.drain(signal) }
})
