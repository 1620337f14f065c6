import { leaveForConsent } from '@/server/connect.ts'
import { userRoute } from '@/server/route.ts'

/** GET /api/accounts/connect/gmail and the like: to the provider's consent page. */
export const GET = userRoute(leaveForConsent)
