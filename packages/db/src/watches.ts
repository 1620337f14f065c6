import { createHash } from 'node:crypto'
import type { Provider } from '@inlet/protocol/entities'
import type { Committed, WatchClaim, WatchDue } from '@inlet/sync/store-port'
import { changeAccount } from './account-change.ts'
import { cleanText } from './clean-batch.ts'
import type { Pool, Queryable } from './pool.ts'
import { watchesDue as watchesDueSql } from './sql/watches-due.ts'
import type { Tx } from './transaction.ts'

type DueRow = {
  resource_id: string
  account_id: string
  user_id: string
  email: string
  provider: Provider
  key: string
  provider_id: string | null
  expires_at: number | null
}

export async function watchesDue(
  db: Queryable,
  now: number,
  withinMs: number,
  limit: number,
): Promise<WatchDue[]> {
  const { rows } = await db.query<DueRow>(watchesDueSql, [now, now + withinMs, limit])
  return rows.map(row => ({
    resourceId: row.resource_id,
    accountId: row.account_id,
    userId: row.user_id,
    email: row.email,
    provider: row.provider,
    key: row.key,
    providerId: row.provider_id,
    expiresAt: row.expires_at,
  }))
}

/** A claimed watch is one that is tried again at the claim's end: whatever else sets `retry_at` ends the claim. */
export async function claimWatch(
  db: Queryable,
  { resourceId, providerId, expiresAt }: WatchDue,
  now: number,
  until: number,
): Promise<WatchClaim | null> {
  const { rowCount } = await db.query(
    `UPDATE watch w SET retry_at = $4 FROM resource r
      WHERE w.resource_id = $1 AND w.provider_id IS NOT DISTINCT FROM $2 AND w.expires_at IS NOT DISTINCT FROM $5
        AND w.retry_at <= $3 AND r.id = w.resource_id AND NOT r.paused`,
    [resourceId, providerId, now, until, expiresAt],
  )
  return rowCount === 1 ? { resourceId, providerId, until } : null
}

const CLAIMED = `w.resource_id = $1 AND w.provider_id IS NOT DISTINCT FROM $2 AND w.retry_at = $3`

export async function saveWatch(
  pool: Pool,
  claim: WatchClaim,
  watch: { providerId: string; secret: string | null; expiresAt: number },
  now: number,
): Promise<Committed | null> {
  const secret = watch.secret === null ? null : hashSecret(watch.secret)
  return await underClaim(pool, claim, now, {
    sql: `UPDATE watch w SET provider_id = $4, secret_hash = coalesce($5, w.secret_hash), expires_at = $6,
                 created_at = coalesce(w.created_at, $7), error = NULL, retry_at = 0
            FROM resource r WHERE ${CLAIMED} AND r.id = w.resource_id AND NOT r.paused`,
    values: [watch.providerId, secret, watch.expiresAt, now],
  })
}

export async function failWatch(
  pool: Pool,
  claim: WatchClaim,
  error: string,
  retryAt: number,
  now: number,
): Promise<Committed | null> {
  return await underClaim(pool, claim, now, {
    sql: `UPDATE watch w SET error = $4, retry_at = $5 WHERE ${CLAIMED}`,
    values: [cleanText(error.slice(0, 1_000)), retryAt],
  })
}

/** `now` only dates the status. */
export async function removeWatch(pool: Pool, resourceId: string, now: number): Promise<Committed> {
  return await onWatch(pool, resourceId, now, async tx => {
    await tx.query(
      `UPDATE watch SET provider_id = NULL, secret_hash = NULL, expires_at = NULL, created_at = NULL, error = NULL,
              retry_at = 0 WHERE resource_id = $1`,
      [resourceId],
    )
    return {}
  })
}

/** What is stored of a watch's secret (I12). It has 24 random bytes, so a plain hash cannot be turned back. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

async function underClaim(
  pool: Pool,
  { resourceId, providerId, until }: WatchClaim,
  now: number,
  write: { sql: string; values: unknown[] },
): Promise<Committed | null> {
  let held = false
  const committed = await onWatch(pool, resourceId, now, async tx => {
    const { rowCount } = await tx.query(write.sql, [resourceId, providerId, until, ...write.values])
    held = rowCount === 1
    return held ? {} : false
  })
  return held ? committed : null
}

async function onWatch(
  pool: Pool,
  resourceId: string,
  now: number,
  change: (tx: Tx) => Promise<false | Record<string, never>>,
): Promise<Committed> {
  const { rows } = await pool.query<{ account_id: string }>('SELECT account_id FROM resource WHERE id = $1', [
    resourceId,
  ])
  return await changeAccount(pool, rows[0]?.account_id ?? '', now, change)
}
