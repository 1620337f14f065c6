import type { Writes } from '@inlet/sync/plan'
import { plan } from '@inlet/sync/plan'
import { StaleLease } from '@inlet/sync/provider-errors'
import { BATCH_MAX, type Batch, type Committed, type Lane } from '@inlet/sync/store-port'
import { cleanBatch } from './clean-batch.ts'
import { lockFeed } from './feed-row.ts'
import { openListings } from './listings.ts'
import { inTransaction, type Pool, type Tx } from './pool.ts'
import { readStored } from './read-stored.ts'
import { refreshAccount } from './refresh-account.ts'
import { markItemsLane } from './sql/mark-items-lane.ts'
import { writeItems } from './write-items.ts'
import { writeLabels } from './write-labels.ts'
import { writeMessages } from './write-messages.ts'
import { writeThreads } from './write-threads.ts'

/** Store.commit: see the order of things on the port. */
export async function commit(pool: Pool, dirty: Batch): Promise<Committed & { cursorVersion: number }> {
  const size = dirty.upserts.length + dirty.patches.length + dirty.deletions.length + dirty.missing.length
  if (size > 4 * BATCH_MAX || dirty.upserts.length > BATCH_MAX)
    throw new RangeError(`A batch speaks of ${size} messages; split it into batches of at most ${BATCH_MAX}.`)
  const batch = cleanBatch(dirty)
  return await inTransaction(pool, async tx => {
    const held = await fence(tx, batch)
    const feed = await lockFeed(tx, batch.userId)
    const stored = await readStored(tx, batch)
    const writes = plan(stored, batch)

    await writeMessages(tx, feed, batch, writes)
    await writeThreads(tx, feed, batch, writes)
    await writeLabels(tx, feed, batch, writes, stored)
    await writeItems(tx, batch, writes)
    // The items lane looks for its own next item when it ends; only others have to wake it.
    if (writes.failures.length > 0 && held.lane !== 'items') await wakeItems(tx, batch, writes, held.key)
    const cursorVersion = await moveCursor(tx, batch)
    await keepListing(tx, batch)
    if (writes.messages.length + writes.deletions.length > 0) await countRun(tx, batch, held.runId, writes)
    await refreshAccount(tx, feed, batch.accountId, batch.now)
    return {
      userId: batch.userId,
      head: await feed.close(),
      upserts: writes.messages.length,
      deletions: writes.deletions.length,
      cursorVersion,
    }
  })
}

type Held = { id: string; lane: Lane; key: string; runId: string | null }

/**
 * Locks the resource, and in the same order of ids the lanes beside it that this batch will touch. The feed row comes
 * after, and nothing later waits for anybody: so two commits never wait for each other.
 */
async function fence(tx: Tx, batch: Batch): Promise<Held> {
  const beside: Lane[] = []
  if (batch.startListing) beside.push('listing')
  if (batch.failures.length + batch.patches.length > 0) beside.push('items')
  const { rows } = await tx.query<{
    id: string
    lane: Lane
    key: string
    run_id: string | null
    user_id: string
    account_id: string
    lease_token: string | null
    cursor_version: number
  }>(
    `SELECT id, lane, key, run_id, user_id, account_id, lease_token, cursor_version FROM resource
      WHERE id = $1 OR (account_id = $2 AND lane = ANY($3) AND key = (SELECT key FROM resource WHERE id = $1))
      ORDER BY id FOR NO KEY UPDATE`,
    [batch.lease.resourceId, batch.accountId, beside],
  )
  const own = rows.find(row => row.id === batch.lease.resourceId)
  if (
    !own ||
    own.lease_token !== batch.lease.token ||
    own.cursor_version !== batch.cursorVersion ||
    own.user_id !== batch.userId ||
    own.account_id !== batch.accountId
  )
    throw new StaleLease(batch.lease.resourceId)
  return { id: own.id, lane: own.lane, key: own.key, runId: own.run_id }
}

async function wakeItems(tx: Tx, batch: Batch, writes: Writes, key: string): Promise<void> {
  const at = Math.min(...writes.failures.map(failure => failure.retryAt))
  await tx.query(markItemsLane, [batch.accountId, at, batch.now, key])
}

/** Every commit that names a cursor moves the version, so that of two workers with one lease only one goes on. */
async function moveCursor(tx: Tx, batch: Batch): Promise<number> {
  if (batch.cursor === undefined) return batch.cursorVersion
  const { rows } = await tx.query<{ cursor_version: number }>(
    'UPDATE resource SET cursor = $2, cursor_version = cursor_version + 1 WHERE id = $1 RETURNING cursor_version',
    [batch.lease.resourceId, batch.cursor],
  )
  return rows[0]?.cursor_version ?? batch.cursorVersion
}

async function keepListing(tx: Tx, batch: Batch): Promise<void> {
  if (batch.seen && batch.seen.ids.length > 0)
    await tx.query(
      `INSERT INTO listing_seen (resource_id, listing, provider_id) SELECT $1, $2, unnest($3::text[])
       ON CONFLICT DO NOTHING`,
      [batch.lease.resourceId, batch.seen.listing, batch.seen.ids],
    )
  if (batch.forgetSeen)
    await tx.query('DELETE FROM listing_seen WHERE resource_id = $1', [batch.lease.resourceId])
  if (batch.startListing) await openListings(tx, [batch.lease.resourceId], batch.startListing, batch.now)
}

async function countRun(tx: Tx, batch: Batch, runId: string | null, writes: Writes): Promise<void> {
  await tx.query(
    'UPDATE sync_run SET upserts = upserts + $3, deletions = deletions + $4 WHERE user_id = $1 AND id = $2',
    [batch.userId, runId, writes.messages.length, writes.deletions.length],
  )
}
