import type { Provider } from '@inlet/protocol/entities'
import { newId } from '@inlet/sync/row-id'
import type {
  Claim,
  Committed,
  Lane,
  Lease,
  ListingCursor,
  RunEnd,
  Store,
  Trigger,
} from '@inlet/sync/store-port'
import { cleanText } from './clean-batch.ts'
import { lockFeed } from './feed-row.ts'
import { inTransaction, type Pool, type Queryable } from './pool.ts'
import { refreshAccount } from './refresh-account.ts'
import { finishRun } from './sql/finish-run.ts'
import { lease as leaseSql } from './sql/lease.ts'
import { releaseDone } from './sql/release-done.ts'
import { releaseFailed } from './sql/release-failed.ts'
import { takeDue } from './sql/take-due.ts'

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
  lease_token: string
  run_id: string
  left_open: string | null
  email: string
  provider: Provider
}

export async function claimDue(pool: Pool, options: Parameters<Store['claimDue']>[0]): Promise<Claim[]> {
  const { now, leaseMs, limit, accountId = null, lanes = null } = options
  if (limit <= 0) return []
  return await inTransaction(pool, async tx => {
    const due = await tx.query<{ id: string }>(takeDue, [now, limit, accountId, lanes])
    if (due.rows.length === 0) return []
    const ids = due.rows.map(row => row.id)
    const leased = await tx.query<Leased>(leaseSql, [ids, ids.map(newId), ids.map(newId), now + leaseMs])
    const order = new Map(ids.map((id, index) => [id, index]))
    const rows = leased.rows.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
    const open = rows.filter(row => row.left_open !== null)
    if (open.length > 0)
      await tx.query(
        `UPDATE sync_run SET outcome = 'stale', ended_at = $2
          WHERE id = ANY($1) AND user_id = ANY($3) AND outcome = 'running'`,
        [open.map(row => row.left_open), now, open.map(row => row.user_id)],
      )
    await tx.query(
      `INSERT INTO sync_run (user_id, id, account_id, resource_id, kind, trigger, started_at, outcome)
       SELECT u.*, $7::int8, 'running'
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS u`,
      [
        rows.map(row => row.user_id),
        rows.map(row => row.run_id),
        rows.map(row => row.account_id),
        rows.map(row => row.id),
        rows.map(runKind),
        rows.map(row => row.trigger),
        now,
      ],
    )
    return rows.map(toClaim)
  })
}

function runKind(row: Leased): string {
  if (row.lane !== 'listing') return row.lane
  return row.cursor === null ? 'backfill' : (JSON.parse(row.cursor) as ListingCursor).kind
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

export async function finish(pool: Pool, claim: Claim, end: RunEnd, now: number): Promise<Committed> {
  const { userId, accountId, lease, runId } = claim
  const nothing: Committed = { userId, head: null, upserts: 0, deletions: 0 }
  const stale = (message: string) => pool.query(finishRun, [userId, runId, now, 'stale', message])
  if (!end.ok && end.stale) {
    await stale(end.message.slice(0, ERROR_MAX))
    return nothing
  }
  return await inTransaction(pool, async tx => {
    const release = end.ok
      ? tx.query(releaseDone, [lease.resourceId, lease.token, now, end.again?.at ?? null])
      : tx.query(releaseFailed, [
          lease.resourceId,
          lease.token,
          now,
          end.nextAttemptAt,
          end.kind,
          errorText(end),
        ])
    if ((await release).rowCount === 0) {
      await tx.query(finishRun, [userId, runId, now, 'stale', 'The lease was lost before the run ended.'])
      return nothing
    }
    const feed = await lockFeed(tx, userId)
    const outcome = end.ok ? 'done' : 'failed'
    await tx.query(finishRun, [userId, runId, now, outcome, end.ok ? null : errorText(end)])
    await refreshAccount(tx, feed, accountId, now)
    return { ...nothing, head: await feed.close() }
  })
}

const errorText = (end: { message: string }) => cleanText(end.message.slice(0, ERROR_MAX))

export async function nextDueAt(pool: Queryable): Promise<number | null> {
  const { rows } = await pool.query<{ at: number | null }>(
    'SELECT min(due_at) AS at FROM resource WHERE due_at IS NOT NULL',
  )
  return rows[0]?.at ?? null
}
