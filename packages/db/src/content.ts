import { plan } from '@inlet/sync/plan'
import type { PulledMessage, Version } from '@inlet/sync/provider-port'
import { rowId } from '@inlet/sync/row-id'
import { cleanBatch } from './clean-batch.ts'
import type { Pool, Queryable } from './pool.ts'
import { readStored } from './read-stored.ts'
import { unlisted as unlistedSql } from './sql/unlisted.ts'
import { unstored as unstoredSql } from './sql/unstored.ts'
import { inTransaction } from './transaction.ts'

/** The user of an account, so that reads go by the keys that begin with it. */
const OWNER = '(SELECT user_id FROM account WHERE id = $1)'

export async function storedVersions(
  db: Queryable,
  accountId: string,
  messageIds: string[],
  labelId?: string,
): Promise<Map<string, Version>> {
  if (messageIds.length === 0) return new Map()
  const label = labelId === undefined ? null : rowId(accountId, 'label', labelId)
  const { rows } = await db.query<{ provider_id: string; version: string }>(
    `SELECT provider_id, version::text AS version FROM message
      WHERE user_id = ${OWNER} AND id = ANY($2) AND ($3::text IS NULL OR label_ids @> ARRAY[$3])`,
    [accountId, messageIds.map(id => rowId(accountId, 'message', id)), label],
  )
  return new Map(rows.map(row => [row.provider_id, BigInt(row.version)]))
}

export async function labelIds(db: Queryable, accountId: string): Promise<Set<string>> {
  const { rows } = await db.query<{ provider_id: string }>(
    `SELECT provider_id FROM label WHERE user_id = ${OWNER} AND account_id = $1`,
    [accountId],
  )
  return new Set(rows.map(row => row.provider_id))
}

export async function unlisted(
  db: Queryable,
  resourceId: string,
  listing: string,
  labelId: string | null,
  storedBefore: number,
  limit: number,
): Promise<string[]> {
  const owner = await ownerOf(db, resourceId)
  if (!owner) return []
  const label = labelId === null ? null : rowId(owner.account_id, 'label', labelId)
  const { rows } = await db.query<{ provider_id: string }>(unlistedSql, [
    owner.user_id,
    owner.account_id,
    resourceId,
    listing,
    label,
    storedBefore,
    limit,
  ])
  return rows.map(row => row.provider_id)
}

type Owner = { user_id: string; account_id: string }
async function ownerOf(db: Queryable, resourceId: string): Promise<Owner | undefined> {
  const { rows } = await db.query<Owner>('SELECT user_id, account_id FROM resource WHERE id = $1', [
    resourceId,
  ])
  return rows[0]
}

export async function unstored(
  db: Queryable,
  resourceId: string,
  listing: string,
  labelId: string | null,
  after: string,
  limit: number,
): Promise<string[]> {
  const owner = await ownerOf(db, resourceId)
  if (!owner) return []
  const label = labelId === null ? null : rowId(owner.account_id, 'label', labelId)
  const values = [owner.user_id, owner.account_id, resourceId, listing, label, after, limit]
  const { rows } = await db.query<{ provider_id: string }>(unstoredSql, values)
  return rows.map(row => row.provider_id)
}

export async function seenIds(
  db: Queryable,
  resourceId: string,
  listing: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ provider_id: string }>(
    `SELECT provider_id FROM listing_seen
      WHERE resource_id = $1 AND listing = $2 AND provider_id > $3 ORDER BY provider_id LIMIT $4`,
    [resourceId, listing, after, limit],
  )
  return rows.map(row => row.provider_id)
}

/** Plans a commit of these and keeps nothing of it but whose rows would be written. */
export async function differing(
  pool: Pool,
  userId: string,
  accountId: string,
  messages: PulledMessage[],
): Promise<string[]> {
  if (messages.length === 0) return []
  const batch = cleanBatch({
    ...{ lease: { resourceId: '', token: '' }, cursorVersion: 0, userId, accountId, now: 0 },
    ...{ upserts: messages, patches: [], deletions: [], missing: [], labels: null, failures: [] },
  })
  const stored = await inTransaction(pool, tx => readStored(tx, batch))
  return plan(stored, batch).messages.map(message => message.providerId)
}

export async function mislabelled(
  db: Queryable,
  accountId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await db.query<{ provider_id: string }>(
    `SELECT provider_id FROM message
      WHERE user_id = ${OWNER} AND account_id = $1 AND provider_id > $2
        AND NOT label_ids <@ ARRAY(SELECT id FROM label WHERE user_id = ${OWNER} AND account_id = $1)
      ORDER BY provider_id LIMIT $3`,
    [accountId, after, limit],
  )
  return rows.map(row => row.provider_id)
}

export async function unplaced(db: Queryable, accountId: string, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ provider_id: string }>(
    `SELECT m.provider_id FROM message m
      WHERE m.user_id = ${OWNER} AND m.account_id = $1
        AND NOT EXISTS (SELECT FROM place p
                         WHERE p.account_id = $1 AND p.message_id = m.provider_id AND NOT p.gone)
        AND NOT EXISTS (SELECT FROM failed_item f WHERE f.user_id = m.user_id AND f.id = m.id)
      ORDER BY m.provider_id LIMIT $2`,
    [accountId, limit],
  )
  return rows.map(row => row.provider_id)
}

export async function storedCount(
  db: Queryable,
  accountId: string,
  of: 'messages' | 'places' = 'messages',
  within?: string,
): Promise<number> {
  const count =
    of === 'messages'
      ? `SELECT count(*) AS stored FROM message WHERE user_id = ${OWNER} AND account_id = $1
            AND ($2::text IS NULL OR label_ids @> ARRAY[$2])`
      : 'SELECT count(*) AS stored FROM place WHERE account_id = $1 AND NOT gone AND ($2::text IS NULL OR resource = $2)'
  const folder = within !== undefined && of === 'messages' ? rowId(accountId, 'label', within) : within
  const { rows } = await db.query<{ stored: number }>(count, [accountId, folder ?? null])
  return rows[0]?.stored ?? 0
}

export async function dueItems(
  db: Queryable,
  accountId: string,
  now: number,
  limit: number,
): Promise<{ id: string; attempts: number }[]> {
  const { rows } = await db.query<{ id: string; attempts: number }>(
    `SELECT provider_id AS id, attempts FROM failed_item
      WHERE account_id = $1 AND next_attempt_at <= $2 ORDER BY next_attempt_at, id LIMIT $3`,
    [accountId, now, limit],
  )
  return rows
}

export async function nextItemAt(db: Queryable, accountId: string): Promise<number | null> {
  const { rows } = await db.query<{ at: number | null }>(
    'SELECT min(next_attempt_at) AS at FROM failed_item WHERE account_id = $1',
    [accountId],
  )
  return rows[0]?.at ?? null
}
