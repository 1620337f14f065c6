import { RENEW_DAILY_MS, renewWatches } from '@inlet/sync/watches'
import { cronRoute } from '@/server/cron.ts'

/** Daily: every watch with less than six of its seven days to live. */
export const GET = cronRoute(({ runtime, signal }) => renewWatches(runtime.engine, RENEW_DAILY_MS, signal))
