import type { Committed } from '@inlet/sync/store-port'
import { type LockedFeed, lockFeed } from './feed-row.ts'
import type { Pool } from './pool.ts'
import { readThreadsInto, type Threads } from './read-stored.ts'
import { deleteLabels } from './sql/delete-labels.ts'
import { deleteMessages } from './sql/delete-messages.ts'
import { inTransaction, type Tx } from './transaction.ts'
import { writeThreads } from './write-threads.ts'

/** Messages in one transaction: the user's other accounts go on between two of them. */
const AT_ONCE = 500

/**
 * First the account itself goes, with its grant, watches and resources, so that nothing can write to it any more; then
 * its mail in batches, each row leaving a tombstone. A process that dies between leaves a note; `prune` goes on.
 */
export async function deleteAccount(pool: Pool, accountId: string, now: number): Promise<Committed> {
  const first = await inTransaction(pool, async tx => {
    await tx.query('SELECT FROM resource WHERE account_id = $1 ORDER BY id FOR UPDATE', [accountId])
    const { rows } = await tx.query<{ user_id: string }>('SELECT user_id FROM account WHERE id = $1', [
      accountId,
    ])
    const userId = rows[0]?.user_id
    if (userId === undefined) return null
    const feed = await lockFeed(tx, userId)
    await tx.query(
      'DELETE FROM listing_seen WHERE resource_id IN (SELECT id FROM resource WHERE account_id = $1)',
      [accountId],
    )
    await tx.query('DELETE FROM failed_item WHERE user_id = $1 AND account_id = $2', [userId, accountId])
    await tx.query('DELETE FROM sync_run WHERE user_id = $1 AND account_id = $2', [userId, accountId])
    await tx.query('DELETE FROM reconciliation WHERE user_id = $1 AND account_id = $2', [userId, accountId])
    await tx.query('DELETE FROM mutation WHERE user_id = $1 AND account_id = $2', [userId, accountId])
    // Grant, resources and watches hang on it.
    await tx.query('DELETE FROM account WHERE user_id = $1 AND id = $2', [userId, accountId])
    await tx.query(`INSERT INTO tombstone (user_id, kind, id, seq, at) VALUES ($1, 'account', $2, $3, $4)`, [
      userId,
      accountId,
      feed.take(1),
      now,
    ])
    await tx.query('INSERT INTO doomed_account (user_id, account_id, at) VALUES ($1, $2, $3)', [
      userId,
      accountId,
      now,
    ])
    return { userId, head: feed.close() }
  })
  if (!first) return { userId: '', head: null, upserts: 0, deletions: 0 }
  const rest = await deleteMail(pool, first.userId, accountId, now)
  return { userId: first.userId, head: rest.head ?? first.head, upserts: 0, deletions: rest.deletions }
}

/** Deletes what is left of accounts that are gone. */
export async function deleteDoomed(pool: Pool, now: number): Promise<number> {
  const { rows } = await pool.query<{ user_id: string; account_id: string }>(
    'SELECT user_id, account_id FROM doomed_account',
  )
  let total = 0
  for (const row of rows) total += (await deleteMail(pool, row.user_id, row.account_id, now)).deletions
  return total
}

async function deleteMail(pool: Pool, userId: string, accountId: string, now: number) {
  let deletions = 0
  for (let more = true; more; ) {
    const { rowCount } = await pool.query(
      'DELETE FROM place WHERE ctid IN (SELECT ctid FROM place WHERE account_id = $1 LIMIT $2)',
      [accountId, 10 * AT_ONCE],
    )
    more = rowCount === 10 * AT_ONCE
  }
  for (;;) {
    const step = await inTransaction(pool, async tx => {
      const feed = await lockFeed(tx, userId)
      const deleted = await deleteSome(tx, feed, accountId, now)
      if (deleted < AT_ONCE) await deleteRest(tx, feed, accountId, now)
      return { deleted, head: feed.close() }
    })
    deletions += step.deleted
    if (step.deleted < AT_ONCE) return { head: step.head, deletions }
  }
}

async function deleteSome(tx: Tx, feed: LockedFeed, accountId: string, now: number): Promise<number> {
  const { rows } = await tx.query<{ id: string; thread_id: string; version: string }>(
    `SELECT id, thread_id, version::text AS version FROM message WHERE user_id = $1 AND account_id = $2 LIMIT $3`,
    [feed.userId, accountId, AT_ONCE],
  )
  if (rows.length === 0) return 0
  const ids = rows.map(row => row.id)
  const threadIds = [...new Set(rows.map(row => row.thread_id))]
  const threads: Threads = new Map()
  tx.send(deleteMessages, [feed.userId, ids, rows.map(row => row.version), feed.take(ids.length), now])
  await readThreadsInto(threads, tx, feed.userId, threadIds, [])
  writeThreads(tx, feed, { now }, { threads: threadIds, messages: [], deletions: [] }, threads)
  return ids.length
}

async function deleteRest(tx: Tx, feed: LockedFeed, accountId: string, now: number): Promise<void> {
  const labels = await tx.query<{ id: string }>(
    'SELECT id FROM label WHERE user_id = $1 AND account_id = $2',
    [feed.userId, accountId],
  )
  const ids = labels.rows.map(row => row.id)
  if (ids.length > 0) await tx.query(deleteLabels, [feed.userId, ids, feed.take(ids.length), now])
  await tx.query('DELETE FROM doomed_account WHERE user_id = $1 AND account_id = $2', [
    feed.userId,
    accountId,
  ])
}
