import { backFromConsent } from '@/server/connect.ts'
import { userRoute } from '@/server/route.ts'

/** GET /api/accounts/callback/gmail and the like: back from the provider's consent page. */
export const GET = userRoute(backFromConsent)
