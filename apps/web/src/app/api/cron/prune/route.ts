import { cronRoute } from '@/server/cron.ts'

/** Daily: tombstones and records past their time. */
export const GET = cronRoute(async ({ runtime, signal }) => await runtime.prune(signal))
