import { SyncRequest, type SyncResponse } from '@inlet/protocol/sync-api'
import { parseJson } from '@/server/parse.ts'
import { ApiError, json, userRoute } from '@/server/route.ts'

const ONE_A_SECOND = { name: 'sync', limit: 10, windowMs: 10_000 }

/** Sync now: marks the accounts due and waits for the runs that this process does. */
export const POST = userRoute(async ({ request, runtime, user, signal }) => {
  const { accountId } = await parseJson(SyncRequest, request)
  const limited = await runtime.limit(ONE_A_SECOND, user.id)
  if (!limited.ok)
    throw new ApiError('rate_limited', 'It is being synced already.', { retryAfter: limited.retryAfterS })
  const mine = await runtime.engine.store.accountsOf(user.id)
  const accounts = mine.filter(account => accountId === undefined || account.id === accountId)
  if (accountId !== undefined && accounts.length === 0)
    throw new ApiError('not_found', 'You have no such account.')
  const results = await Promise.all(accounts.map(account => runtime.syncNow(account.id, signal)))
  return json({ accounts: results } satisfies SyncResponse)
})
