import type { PushEvent, PushOutcome } from '@inlet/sync/store-port'
import { cleanText } from './clean-batch.ts'
import { markIds } from './marks.ts'
import { inTransaction, type Pool, type Tx } from './pool.ts'

/** A push id seen again within this time is counted as a duplicate. It marks all the same: counting, not correctness. */
const DUPLICATE_MS = 60 * 60_000

/** What a stranger may make us keep. */
const FIELD_MAX = 500

/** The mark is committed with the record, and only then is the push answered (I6). */
export async function recordPush(pool: Pool, raw: PushEvent, now: number): Promise<PushOutcome> {
  const event = bounded(raw)
  return await inTransaction(pool, async tx => {
    const outcome = await act(tx, event, now)
    await tx.query(
      `INSERT INTO webhook_event (provider, push_id, mailbox, resource, outcome, problem, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [event.provider, event.pushId, event.mailbox, event.resource, outcome.outcome, event.problem, now],
    )
    return outcome
  })
}

function bounded(event: PushEvent): PushEvent {
  const text = (value: string | null) => value && cleanText(value.slice(0, FIELD_MAX))
  return {
    provider: event.provider,
    pushId: text(event.pushId),
    mailbox: text(event.mailbox),
    resource: text(event.resource),
    problem: text(event.problem),
  }
}

async function act(tx: Tx, event: PushEvent, now: number): Promise<PushOutcome> {
  if (event.problem !== null || event.mailbox === null) return { outcome: 'undecodable', accountIds: [] }
  // The same mailbox may be connected by several users: every one of them is told.
  const { rows } = await tx.query<{ account_id: string; enabled: boolean; id: string }>(
    `SELECT a.id AS account_id, a.enabled, r.id FROM account a JOIN resource r ON r.account_id = a.id
      WHERE a.provider = $1 AND a.email = lower($2) AND r.lane = 'live' AND ($3::text IS NULL OR r.key = $3)`,
    [event.provider, event.mailbox, event.resource],
  )
  const accountIds = [...new Set(rows.map(row => row.account_id))]
  if (accountIds.length === 0) return { outcome: 'unknown_mailbox', accountIds }
  const ids = rows.filter(row => row.enabled).map(row => row.id)
  if (ids.length === 0) return { outcome: 'stopped', accountIds }
  const repeated = await seenBefore(tx, event, now)
  await markIds(tx, ids, 'push', now)
  await tx.query(
    'UPDATE resource SET last_push_at = greatest(last_push_at, $2), missed_push_at = NULL WHERE id = ANY($1)',
    [ids, now],
  )
  return { outcome: repeated ? 'duplicate' : 'marked', accountIds }
}

async function seenBefore(tx: Tx, event: PushEvent, now: number): Promise<boolean> {
  if (event.pushId === null) return false
  const { rowCount } = await tx.query(
    'SELECT FROM webhook_event WHERE provider = $1 AND push_id = $2 AND at > $3 LIMIT 1',
    [event.provider, event.pushId, now - DUPLICATE_MS],
  )
  return rowCount === 1
}
