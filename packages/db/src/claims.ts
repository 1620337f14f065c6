import type { Provider } from '@inlet/protocol/entities'
import { newId } from '@inlet/sync/row-id'
import type { Claim, Committed, Lane, Lease, RunEnd, Store, Trigger } from '@inlet/sync/store-port'
import { cleanText } from './clean-batch.ts'
import { lockFeed } from './feed-row.ts'
import type { Pool, Queryable } from './pool.ts'
import { preparedQuery } from './prepared-query.ts'
import { refreshAccount } from './refresh-account.ts'
import { claimDue as claimDueSql } from './sql/claim-due.ts'
import { finishRun } from './sql/finish-run.ts'
import { releaseDone } from './sql/release-done.ts'
import { releaseFailed } from './sql/release-failed.ts'
import { inTransaction, type Tx } from './transaction.ts'

/** An error's text is for a person, not a dump. */
const ERROR_MAX = 1_000

type Leased = {
  id: string
  user_id: string
  account_id: string
  key: string
  lane: Lane
  cursor: string | null
  cursor_version: number
  trigger: Trigger
  attempts: number
  last_error_kind: string | null
  lease_token: string
  run_id: string
  email: string
  provider: Provider
}

export async function claimDue(db: Queryable, options: Parameters<Store['claimDue']>[0]): Promise<Claim[]> {
  const { now, leaseMs, limit, accountId = null, lanes = null, except = [] } = options
  if (limit <= 0) return []
  const ids = () => Array.from({ length: limit }, newId)
  const { rows } = await db.query<Leased>(
    preparedQuery(claimDueSql, [now, limit, accountId, lanes, now + leaseMs, ids(), ids(), except]),
  )
  return rows.map(toClaim)
}

function toClaim(row: Leased): Claim {
  return {
    lease: { resourceId: row.id, token: row.lease_token },
    userId: row.user_id,
    accountId: row.account_id,
    email: row.email,
    provider: row.provider,
    key: row.key,
    lane: row.lane,
    cursor: row.cursor,
    cursorVersion: row.cursor_version,
    trigger: row.trigger,
    attempts: row.attempts,
    failedWith: row.last_error_kind,
    runId: row.run_id,
  }
}

export async function renewLease(pool: Queryable, lease: Lease, until: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    'UPDATE resource SET lease_until = $3 WHERE id = $1 AND lease_token = $2',
    [lease.resourceId, lease.token, until],
  )
  return rowCount === 1
}

/** `brought`: the run has stored or changed messages. */
export async function finish(
  pool: Pool,
  claim: Claim,
  end: RunEnd,
  now: number,
): Promise<{ committed: Committed; brought: boolean }> {
  const { userId, accountId, lease, runId } = claim
  const nothing: Committed = { userId, head: null, upserts: 0, deletions: 0 }
  const stale = (message: string) => pool.query(finishRun, [userId, runId, now, 'stale', message])
  if (!end.ok && end.stale) {
    await stale(end.message.slice(0, ERROR_MAX))
    return { committed: nothing, brought: false }
  }
  const work = async (tx: Tx) => {
    const [held, feed] = await Promise.all([
      tx.query('SELECT FROM resource WHERE id = $1 AND lease_token = $2 FOR NO KEY UPDATE', [
        lease.resourceId,
        lease.token,
      ]),
      lockFeed(tx, userId),
    ])
    if (held.rowCount === 0) {
      tx.send(finishRun, [userId, runId, now, 'stale', 'The lease was lost before the run ended.'])
      return { committed: nothing, brought: false }
    }
    const { resourceId, token } = lease
    if (end.ok) tx.send(releaseDone, [resourceId, token, now, end.again?.at ?? null])
    else tx.send(releaseFailed, [resourceId, token, now, end.nextAttemptAt, end.kind, errorText(end)])
    const outcome = end.ok ? 'done' : 'failed'
    const [{ rows }] = await Promise.all([
      tx.query<{ upserts: number }>(finishRun, [userId, runId, now, outcome, end.ok ? null : errorText(end)]),
      refreshAccount(tx, feed, accountId, now),
    ])
    return { committed: { ...nothing, head: feed.close() }, brought: (rows[0]?.upserts ?? 0) > 0 }
  }
  return await inTransaction(pool, work, { readsFirst: true, prepared: true })
}

const errorText = (end: { message: string }) => cleanText(end.message.slice(0, ERROR_MAX))

export async function nextDueAt(pool: Queryable): Promise<number | null> {
  const { rows } = await pool.query<{ at: number | null }>(
    'SELECT min(due_at) AS at FROM resource WHERE due_at IS NOT NULL',
  )
  return rows[0]?.at ?? null
}
