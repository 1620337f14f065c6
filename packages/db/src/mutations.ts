import type { MutationBody, MutationResult } from '@inlet/protocol/mutations'
import type { MutationState, StoredMutation } from '@inlet/sync/mutation-store'
import { StaleLease } from '@inlet/sync/provider-errors'
import type { Lease } from '@inlet/sync/store-port'
import { cleanDeep, cleanText } from './clean-batch.ts'
import { markIds } from './marks.ts'
import type { Pool, Queryable } from './pool.ts'
import { type MutationError, resolveMutation } from './resolve-mutation.ts'
import { pendingMutations as pendingSql } from './sql/pending-mutations.ts'
import { inTransaction } from './transaction.ts'

/**
 * Stores what a person did. What names ids that are not this user's is stored as failed, `not_found`, and goes no
 * further. A mutation is of one account: one over messages of several is failed, `bad_request`, since half of it could
 * succeed; the browser sends one for each account.
 */
export async function addMutations(
  pool: Pool,
  userId: string,
  mutations: { clientId: string; body: MutationBody }[],
  now: number,
): Promise<MutationResult[]> {
  const clientIds = mutations.map(mutation => mutation.clientId)
  await inTransaction(pool, async tx => {
    const accounts = new Set<string>()
    for (const { clientId, body } of cleanDeep(mutations)) {
      const resolved = await resolveMutation(tx, userId, body)
      const error = 'error' in resolved ? resolved.error : null
      const accountId = 'error' in resolved ? '' : resolved.accountId
      const { rowCount } = await tx.query(
        `INSERT INTO mutation (user_id, client_id, account_id, body, state, error, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (user_id, client_id) DO NOTHING`,
        [
          userId,
          clientId,
          accountId,
          JSON.stringify(body),
          error ? 'failed' : 'pending',
          error && JSON.stringify(error),
          now,
        ],
      )
      if (rowCount === 1 && !error) accounts.add(accountId)
    }
    const { rows } = await tx.query<{ id: string }>(
      `SELECT DISTINCT ON (account_id) id FROM resource
        WHERE account_id = ANY($1) AND lane = 'mutations' ORDER BY account_id, key`,
      [[...accounts]],
    )
    await markIds(
      tx,
      rows.map(row => row.id),
      'mutation',
      now,
    )
  })
  return await mutationResults(pool, userId, clientIds)
}

/** Answers in the order asked; unknown client ids are absent. */
export async function mutationResults(
  db: Queryable,
  userId: string,
  clientIds: string[],
): Promise<MutationResult[]> {
  const { rows } = await db.query<{ client_id: string; state: MutationState; error: MutationError | null }>(
    'SELECT client_id, state, error FROM mutation WHERE user_id = $1 AND client_id = ANY($2)',
    [userId, clientIds],
  )
  const known = new Map(rows.map(row => [row.client_id, row]))
  return clientIds.flatMap(clientId => {
    const row = known.get(clientId)
    return row ? [{ clientId, state: row.state === 'sending' ? 'pending' : row.state, error: row.error }] : []
  })
}

/** In the order in which they were made. What was `sending` when a process died is among them, as such. */
export async function pendingMutations(
  db: Queryable,
  accountId: string,
  limit: number,
): Promise<StoredMutation[]> {
  const { rows } = await db.query<StoredMutation>(pendingSql, [accountId, limit])
  return rows
}

export async function setMutation(
  db: Queryable,
  lease: Lease,
  clientId: string,
  userId: string,
  change: { state: MutationState; error: MutationError | null; attempts: number },
  now: number,
): Promise<void> {
  const error = change.error && {
    code: change.error.code,
    message: cleanText(change.error.message.slice(0, 1_000)),
  }
  const { rowCount } = await db.query(
    `WITH held AS (SELECT FROM resource WHERE id = $7 AND lease_token = $8 FOR NO KEY UPDATE)
     UPDATE mutation SET state = $3, error = $4, attempts = $5, updated_at = $6
      WHERE user_id = $1 AND client_id = $2 AND EXISTS (SELECT FROM held)`,
    [
      userId,
      clientId,
      change.state,
      error && JSON.stringify(error),
      change.attempts,
      now,
      lease.resourceId,
      lease.token,
    ],
  )
  if (rowCount === 0) throw new StaleLease(lease.resourceId)
}
