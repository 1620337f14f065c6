import type { AttendanceStore, Attended } from '@inlet/sync/attendance-store'
import type { Pool, Queryable } from './pool.ts'
import { inTransaction } from './transaction.ts'

/** Rounds of all workers one after the other: each sees what the one before has left. */
const TURN = 7_316_201

const WANTED = 'a.provider = ANY($1) AND a.enabled AND a.reconnect IS NULL'

export async function attend(
  pool: Pool,
  { workerId, providers, now, leaseMs }: Parameters<AttendanceStore['attend']>[0],
): Promise<Attended[]> {
  return await inTransaction(pool, async tx => {
    const until = now + leaseMs
    await tx.query('SELECT pg_advisory_xact_lock($1)', [TURN])
    tx.send(
      `INSERT INTO worker (id, seen_until) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_until = $2`,
      [workerId, until],
    )
    tx.send('DELETE FROM worker WHERE seen_until <= $1', [now])
    tx.send(
      `DELETE FROM attendance t
        WHERE lease_until <= $2 OR NOT EXISTS (SELECT FROM account a WHERE a.id = t.account_id AND ${WANTED})`,
      [providers, now],
    )
    const { rows } = await tx.query<{ share: number }>(
      `SELECT ceil((SELECT count(*) FROM account a WHERE ${WANTED})::numeric / (SELECT count(*) FROM worker))::int4 AS share`,
      [providers],
    )
    const share = rows[0]?.share ?? 0
    tx.send(
      `DELETE FROM attendance WHERE account_id IN
         (SELECT account_id FROM attendance WHERE worker_id = $1 ORDER BY since, account_id OFFSET $2)`,
      [workerId, share],
    )
    tx.send('UPDATE attendance SET lease_until = $2 WHERE worker_id = $1', [workerId, until])
    tx.send(
      `INSERT INTO attendance (account_id, worker_id, since, lease_until)
       SELECT a.id, $2, $3, $4 FROM account a
        WHERE ${WANTED} AND NOT EXISTS (SELECT FROM attendance t WHERE t.account_id = a.id)
        ORDER BY a.id LIMIT greatest(0, $5 - (SELECT count(*) FROM attendance WHERE worker_id = $2))`,
      [providers, workerId, now, until, share],
    )
    const held = await tx.query<Attended>(
      `SELECT a.id AS "accountId", a.user_id AS "userId", a.email, a.provider, t.since
         FROM attendance t JOIN account a ON a.id = t.account_id
        WHERE t.worker_id = $1 ORDER BY a.id`,
      [workerId],
    )
    return held.rows
  })
}

export async function leave(pool: Pool, workerId: string): Promise<void> {
  await inTransaction(pool, async tx => {
    tx.send('DELETE FROM attendance WHERE worker_id = $1', [workerId])
    tx.send('DELETE FROM worker WHERE id = $1', [workerId])
  })
}

export async function attendedOf(
  db: Queryable,
  userId: string,
  now: number,
): Promise<{ accountId: string; since: number }[]> {
  const { rows } = await db.query<{ accountId: string; since: number }>(
    `SELECT a.id AS "accountId", t.since FROM account a JOIN attendance t ON t.account_id = a.id
      WHERE a.user_id = $1 AND t.lease_until > $2 ORDER BY a.id`,
    [userId, now],
  )
  return rows
}
