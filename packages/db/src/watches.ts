import { createHash } from 'node:crypto'
import type { Provider } from '@inlet/protocol/entities'
import type { Committed, WatchDue } from '@inlet/sync/store-port'
import { changeAccount } from './account-change.ts'
import { cleanText } from './clean-batch.ts'
import type { Pool, Queryable } from './pool.ts'
import { watchesDue as watchesDueSql } from './sql/watches-due.ts'

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

export async function saveWatch(
  pool: Pool,
  resourceId: string,
  watch: { providerId: string; secret: string | null; expiresAt: number },
  now: number,
): Promise<Committed> {
  return await onWatch(pool, resourceId, now, {
    sql: `INSERT INTO watch AS w (resource_id, provider_id, secret_hash, expires_at, created_at)
          VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (resource_id) DO UPDATE SET
            provider_id = excluded.provider_id, secret_hash = coalesce(excluded.secret_hash, w.secret_hash), expires_at = excluded.expires_at,
            created_at = coalesce(w.created_at, excluded.created_at), error = NULL, retry_at = 0`,
    values: [watch.providerId, watch.secret === null ? null : hashSecret(watch.secret), watch.expiresAt, now],
  })
}

export async function failWatch(
  pool: Pool,
  resourceId: string,
  error: string,
  retryAt: number,
  now: number,
): Promise<Committed> {
  return await onWatch(pool, resourceId, now, {
    sql: `INSERT INTO watch (resource_id, error, retry_at) VALUES ($1, $2, $3)
          ON CONFLICT (resource_id) DO UPDATE SET error = excluded.error, retry_at = excluded.retry_at`,
    values: [cleanText(error.slice(0, 1_000)), retryAt],
  })
}

/** `now` only dates the status. */
export async function removeWatch(pool: Pool, resourceId: string, now: number): Promise<Committed> {
  return await onWatch(pool, resourceId, now, {
    sql: `UPDATE watch SET provider_id = NULL, secret_hash = NULL, expires_at = NULL, created_at = NULL, error = NULL,
                 retry_at = 0 WHERE resource_id = $1`,
    values: [],
  })
}

/** What is stored of a watch's secret (I12). It has 24 random bytes, so a plain hash cannot be turned back. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

async function onWatch(
  pool: Pool,
  resourceId: string,
  now: number,
  write: { sql: string; values: unknown[] },
): Promise<Committed> {
  const { rows } = await pool.query<{ account_id: string }>('SELECT account_id FROM resource WHERE id = $1', [
    resourceId,
  ])
  return await changeAccount(pool, rows[0]?.account_id ?? '', now, async tx => {
    await tx.query(write.sql, [resourceId, ...write.values])
    return {}
  })
}
