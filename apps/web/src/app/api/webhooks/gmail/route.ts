import { gmailPush } from '@/server/gmail-push.ts'
import { openRoute } from '@/server/route.ts'

/** POST /api/webhooks/gmail, where Next serves it (Vercel, next dev); our own server answers it itself. */
export const POST = openRoute(gmailPush)
