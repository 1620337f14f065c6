import type { Reconciliation } from '@inlet/protocol/sync-api'
import { RECONCILIATIONS_KEPT, type ReconciliationStart } from '@inlet/sync/reconciliation-store'
import type { Batch, Committed } from '@inlet/sync/store-port'
import { changeAccount } from './account-change.ts'
import { openListings } from './listings.ts'
import type { Pool, Queryable } from './pool.ts'
import { endReconciliations } from './sql/end-reconciliations.ts'
import { mayReconcile } from './sql/may-reconcile.ts'
import { reconciliationsDue as dueSql } from './sql/reconciliations-due.ts'
import { tellReconciled } from './sql/tell-reconciled.ts'
import type { Tx } from './transaction.ts'

export async function startReconciliation(
  pool: Pool,
  accountId: string,
  { listing, trigger, notSince }: ReconciliationStart,
  now: number,
): Promise<Committed & { started: boolean }> {
  let started = false
  const id = listing.compare?.id ?? ''
  const committed = await changeAccount(pool, accountId, now, async (tx, userId) => {
    const { rows } = await tx.query<{ id: string; key: string }>(mayReconcile, [accountId, notSince ?? null])
    if (rows.length === 0) return false
    started = true
    openListings(
      tx,
      rows.map(row => row.id),
      listing,
      now,
    )
    // What a listing that is gone has left open ends before the next begins.
    tx.send(endReconciliations, [accountId, now])
    tx.send(
      `INSERT INTO reconciliation (user_id, id, account_id, trigger, started_at, outcome, pending)
       VALUES ($1, $2, $3, $4, $5, 'running', $6)`,
      [userId, id, accountId, trigger, now, rows.map(row => row.key)],
    )
    tx.send(
      `DELETE FROM reconciliation WHERE account_id = $1 AND id NOT IN
         (SELECT id FROM reconciliation WHERE account_id = $1 ORDER BY started_at DESC, id LIMIT $2)`,
      [accountId, RECONCILIATIONS_KEPT],
    )
    return {}
  })
  return { ...committed, started }
}

/** In a commit: a resource's findings are added to the record, and a comparison ends with the last of its listings. */
export function keepReconciliation(tx: Tx, batch: Batch): void {
  const { reconciled, accountId, now } = batch
  if (reconciled) {
    const { id, provider, stored, missing, extra, differing, failed } = reconciled
    const values = [provider, stored, missing, extra, differing, failed]
    tx.send(tellReconciled, [batch.userId, id, batch.lease.resourceId, ...values])
  }
  if (batch.cursor === null || batch.startListing || batch.resources)
    tx.send(endReconciliations, [accountId, now])
}

export async function reconciliationsDue(
  db: Queryable,
  before: number,
  stuck: number,
  atOnce: number,
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(dueSql, [before, stuck, atOnce])
  return rows.map(row => row.id)
}

const COLUMNS = `id, account_id AS "accountId", trigger, started_at AS "startedAt", ended_at AS "endedAt", outcome,
                 provider, stored, missing, extra, differing, failed, resources`

/** The last ones of an account, newest first. */
export async function readReconciliations(
  db: Queryable,
  accountId: string,
  limit: number,
): Promise<Reconciliation[]> {
  const { rows } = await db.query<Reconciliation>(
    `SELECT ${COLUMNS} FROM reconciliation WHERE account_id = $1 ORDER BY started_at DESC, id LIMIT $2`,
    [accountId, limit],
  )
  return rows
}

export async function livePassed(db: Queryable, accountId: string, key: string): Promise<number | null> {
  const { rows } = await db.query<{ at: number | null }>(
    `SELECT max(s.started_at) AS at FROM resource r
       JOIN sync_run s ON s.user_id = r.user_id AND s.account_id = r.account_id AND s.resource_id = r.id
      WHERE r.account_id = $1 AND r.key = $2 AND r.lane = 'live' AND s.outcome = 'done'`,
    [accountId, key],
  )
  return rows[0]?.at ?? null
}
