import { graphPush } from '@/server/graph-push.ts'
import { openRoute } from '@/server/route.ts'

/** POST /api/webhooks/graph, where Next serves it (Vercel, next dev); our own server answers it itself. */
export const POST = openRoute(graphPush)
