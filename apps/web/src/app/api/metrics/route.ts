import { cronRoute } from '@/server/cron.ts'

/** The process's figures as JSON, for operators (bearer CRON_SECRET). */
export const GET = cronRoute(async ({ runtime }) => runtime.figures())
