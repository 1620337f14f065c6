import { cronRoute } from '@/server/cron.ts'

/** Sets the provider's counts beside ours for every account, and shows the proof. */
export const GET = cronRoute(async ({ runtime, signal }) => await runtime.proveAll(signal))
