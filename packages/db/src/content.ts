import type { Version } from '@inlet/sync/provider-port'
import { rowId } from '@inlet/sync/row-id'
import type { Queryable } from './pool.ts'
import { unlisted as unlistedSql } from './sql/unlisted.ts'

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
  const resource = await db.query<{ user_id: string; account_id: string }>(
    'SELECT user_id, account_id FROM resource WHERE id = $1',
    [resourceId],
  )
  const owner = resource.rows[0]
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

export async function storedCount(
  db: Queryable,
  accountId: string,
  of: 'messages' | 'places' = 'messages',
): Promise<number> {
  const count =
    of === 'messages'
      ? `SELECT count(*) AS stored FROM message WHERE user_id = ${OWNER} AND account_id = $1`
      : 'SELECT count(*) AS stored FROM place WHERE account_id = $1 AND NOT gone'
  const { rows } = await db.query<{ stored: number }>(count, [accountId])
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
