import { emailUpdates } from '@/server/email-updates.ts'
import { openRoute } from '@/server/route.ts'

export const maxDuration = 300

/** GET /api/sse/email-updates, where Next serves it (Vercel, next dev); our own server answers it itself. */
export const GET = openRoute(emailUpdates)
