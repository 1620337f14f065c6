import { findImapSettings } from '@/server/imap-account.ts'
import { userRoute } from '@/server/route.ts'

/** Looks for the servers of an address. */
export const POST = userRoute(findImapSettings)
