import { connectImap } from '@/server/imap-account.ts'
import { userRoute } from '@/server/route.ts'

/** Connects a mailbox by password. */
export const POST = userRoute(connectImap)
