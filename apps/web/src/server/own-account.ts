import type { AccountRecord } from '@inlet/sync/store-port'
import type { SignedIn } from './current-session.ts'
import { ApiError, type Call } from './route.ts'

/** The account in the path, if it is this user's. Somebody else's is as unknown as one that does not exist. */
export async function ownAccount({
  params,
  runtime,
  user,
}: Call & { user: SignedIn }): Promise<AccountRecord> {
  const mine = await runtime.engine.store.accountsOf(user.id)
  const account = mine.find(each => each.id === params.id)
  if (!account) throw new ApiError('not_found', 'You have no such account.')
  return account
}
