import { cronRoute } from '@/server/cron.ts'

/** Runs whatever is due: what a crash, a time limit or a lost ring has left. */
export const GET = cronRoute(async ({ runtime, signal }) => ({ runs: await runtime.drain(signal) }))
