import type { Writes } from '@inlet/sync/plan'
import { plan } from '@inlet/sync/plan'
import { type Placed, placeMessages, type StoredPlace } from '@inlet/sync/plan-places'
import { StaleLease } from '@inlet/sync/provider-errors'
import { BATCH_MAX, type Batch, type BatchCommitted, type Lane } from '@inlet/sync/store-port'
import { cursorAfter, foundIn } from '@inlet/sync/tally'
import { cleanBatch } from './clean-batch.ts'
import { lockFeed } from './feed-row.ts'
import { openListings } from './listings.ts'
import { forgetGone, readPlaces, writePlaces } from './places.ts'
import type { Pool } from './pool.ts'
import { readStored, type StoredState } from './read-stored.ts'
import { keepReconciliation } from './reconciliations.ts'
import { refreshAccount } from './refresh-account.ts'
import { keepResources } from './resources.ts'
import { markItemsLane } from './sql/mark-items-lane.ts'
import { inTransaction, type Tx } from './transaction.ts'
import { writeItems } from './write-items.ts'
import { writeLabels } from './write-labels.ts'
import { writeMessages } from './write-messages.ts'
import { writeThreads } from './write-threads.ts'

/**
 * A batch's rows are always looked up by their keys. Before a table has statistics, and a first backfill is over before
 * that, the planner would rather hash everything that the user has, again for every batch.
 */
const BEGIN = 'BEGIN; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off'

/** Store.commit: see the order of things on the port. */
export async function commit(pool: Pool, dirty: Batch): Promise<BatchCommitted> {
  const size = dirty.upserts.length + dirty.patches.length + dirty.deletions.length + dirty.missing.length
  if (size > 4 * BATCH_MAX || dirty.upserts.length > BATCH_MAX)
    throw new RangeError(`A batch speaks of ${size} messages; split it into batches of at most ${BATCH_MAX}.`)
  const said = cleanBatch(dirty)
  const work = async (tx: Tx) => {
    const [held, feed, { batch, stored, placed, before }] = await Promise.all([
      fence(tx, said),
      lockFeed(tx, said.userId),
      read(tx, said),
    ])
    const writes = plan(stored, batch)
    if (placed) {
      writes.healed.push(...placed.healed)
      writePlaces(tx, batch, placed.writes)
    }
    const found = foundIn(stored, writes, before && placed && { before, batch, writes: placed.writes })

    writeMessages(tx, feed, batch, writes, stored)
    writeThreads(tx, feed, batch, writes, stored.threads)
    await writeLabels(tx, feed, batch, writes, stored)
    writeItems(tx, batch, writes, stored.failing)
    // The items lane looks for its own next item when it ends; only others have to wake it.
    if (writes.failures.length > 0 && held.lane !== 'items') wakeItems(tx, batch, writes)
    const cursorVersion = moveCursor(tx, batch, cursorAfter(batch, found))
    keepListing(tx, batch)
    if (batch.resources) await keepResources(tx, batch, batch.resources)
    keepReconciliation(tx, batch)
    if (writes.messages.length + writes.deletions.length > 0) countRun(tx, batch, held.runId, writes)
    await refreshAccount(tx, feed, batch.accountId, batch.now)
    return {
      userId: batch.userId,
      head: feed.close(),
      upserts: writes.messages.length,
      deletions: writes.deletions.length,
      cursorVersion,
      found,
    }
  }
  return await inTransaction(pool, work, { begin: BEGIN, readsFirst: true, prepared: true })
}

type Read = { batch: Batch; stored: StoredState; placed?: Placed; before?: StoredPlace[] }

/** What the batch is about. Where messages have places, the batch becomes what follows from those. */
async function read(tx: Tx, batch: Batch): Promise<Read> {
  if (!batch.placed) return { batch, stored: await readStored(tx, batch) }
  const named = (batch.places?.put ?? []).map(({ messageId }) => messageId)
  const [before, known] = await Promise.all([readPlaces(tx, batch), readStored(tx, batch, named)])
  // Nearly always the places concern nobody whom the batch does not name.
  const asked = new Set([...named, ...batch.upserts.map(({ id }) => id), ...batch.missing])
  const lying = before.places.filter(({ gone }) => !gone).map(({ messageId }) => messageId)
  const stored = lying.every(id => asked.has(id)) ? known : await readStored(tx, batch, [...named, ...lying])
  const placed = placeMessages(stored, before, batch)
  return { batch: placed.batch, stored, placed, before: before.places }
}

type Held = { lane: Lane; runId: string | null }

/**
 * Locks the resource, and in the same order of ids the lanes beside it that this batch will touch. The feed row comes
 * after, and nothing later waits for anybody: so two commits never wait for each other.
 */
async function fence(tx: Tx, batch: Batch): Promise<Held> {
  const items =
    batch.failures.length + batch.patches.length > 0 || batch.heals === false || batch.placed === true
  const { rows } = await tx.query<{
    id: string
    lane: Lane
    run_id: string | null
    user_id: string
    account_id: string
    lease_token: string | null
    cursor_version: number
  }>(
    `SELECT id, lane, run_id, user_id, account_id, lease_token, cursor_version FROM resource
      WHERE id = $1 OR (account_id = $2 AND (
              $3 OR (lane = 'items' AND $4)
              OR (lane = 'listing' AND $5 AND key = (SELECT key FROM resource WHERE id = $1))))
      ORDER BY id FOR NO KEY UPDATE`,
    [
      batch.lease.resourceId,
      batch.accountId,
      batch.resources != null,
      items,
      batch.startListing !== undefined,
    ],
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
  return { lane: own.lane, runId: own.run_id }
}

function wakeItems(tx: Tx, batch: Batch, writes: Writes): void {
  const at = Math.min(...writes.failures.map(failure => failure.retryAt))
  tx.send(markItemsLane, [batch.accountId, at, batch.now])
}

/** Every commit that names a cursor moves the version, so that of two workers with one lease only one goes on. */
function moveCursor(tx: Tx, batch: Batch, cursor: string | null | undefined): number {
  if (cursor === undefined) return batch.cursorVersion
  const version = batch.cursorVersion + 1
  tx.send('UPDATE resource SET cursor = $2, cursor_version = $3 WHERE id = $1', [
    batch.lease.resourceId,
    cursor,
    version,
  ])
  return version
}

function keepListing(tx: Tx, batch: Batch): void {
  if (batch.seen && batch.seen.ids.length > 0)
    tx.send(
      `INSERT INTO listing_seen (resource_id, listing, provider_id) SELECT $1, $2, unnest($3::text[])
       ON CONFLICT DO NOTHING`,
      [batch.lease.resourceId, batch.seen.listing, batch.seen.ids],
    )
  if (batch.forgetSeen) {
    tx.send('DELETE FROM listing_seen WHERE resource_id = $1', [batch.lease.resourceId])
    if (batch.placed) forgetGone(tx, batch)
  }
  if (batch.startListing) openListings(tx, [batch.lease.resourceId], batch.startListing, batch.now)
}

function countRun(tx: Tx, batch: Batch, runId: string | null, writes: Writes): void {
  tx.send(
    'UPDATE sync_run SET upserts = upserts + $3, deletions = deletions + $4 WHERE user_id = $1 AND id = $2',
    [batch.userId, runId, writes.messages.length, writes.deletions.length],
  )
}
