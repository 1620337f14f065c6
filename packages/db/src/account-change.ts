import type { Committed } from '@inlet/sync/store-port'
import { lockFeed } from './feed-row.ts'
import type { Pool } from './pool.ts'
import { refreshAccount } from './refresh-account.ts'
import { inTransaction, type Tx } from './transaction.ts'

/**
 * A change of an account outside of a sync: locks its resources (so that no commit runs beside), then the feed, does
 * `change`, and derives the account's row again. `change` answering false means that there is nothing to do.
 */
export async function changeAccount(
  pool: Pool,
  accountId: string,
  now: number,
  change: (tx: Tx, userId: string) => Promise<false | Parameters<typeof refreshAccount>[4]>,
): Promise<Committed> {
  return await inTransaction(pool, async tx => {
    await tx.query('SELECT FROM resource WHERE account_id = $1 ORDER BY id FOR NO KEY UPDATE', [accountId])
    const { rows } = await tx.query<{ user_id: string }>('SELECT user_id FROM account WHERE id = $1', [
      accountId,
    ])
    const userId = rows[0]?.user_id
    if (userId === undefined) return { userId: '', head: null, upserts: 0, deletions: 0 }
    const feed = await lockFeed(tx, userId)
    const done = await change(tx, userId)
    if (done !== false) await refreshAccount(tx, feed, accountId, now, done)
    return { userId, head: feed.close(), upserts: 0, deletions: 0 }
  })
}
