import { pollFallback } from '@inlet/sync/fallback-poll'
import { cronRoute } from '@/server/cron.ts'

/** Every two to three minutes: looks at mailboxes whose doorbell is missing, expired or silent, and runs what is due. */
export const GET = cronRoute(async ({ runtime, signal }) => {
  const marked = await pollFallback(runtime.engine)
  return { marked, runs: await runtime.drain(signal) }
})
