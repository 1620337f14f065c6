import { deleteDoomed } from './delete-account.ts'
import type { Pool } from './pool.ts'
import { drainSearchQueue } from './search-index.ts'
import { inTransaction } from './transaction.ts'

const DAY_MS = 24 * 60 * 60_000
export const TOMBSTONES_KEPT_MS = 30 * DAY_MS
const WEBHOOKS_KEPT_MS = 30 * DAY_MS
const MUTATIONS_KEPT_MS = 30 * DAY_MS
export const RUNS_KEPT = 200

export type Pruned = {
  tombstones: number
  webhookEvents: number
  syncRuns: number
  mutations: number
  messages: number
  indexed: number
}

/** Removes what nobody needs any more, in steps. Called daily; calling it twice is harmless. */
export async function prune(pool: Pool, now: number, signal?: AbortSignal): Promise<Pruned> {
  const pruned: Pruned = {
    tombstones: 0,
    webhookEvents: 0,
    syncRuns: 0,
    mutations: 0,
    messages: 0,
    indexed: 0,
  }
  pruned.tombstones = await pruneTombstones(pool, now - TOMBSTONES_KEPT_MS, signal)
  const rows = async (sql: string, values: unknown[]) => (await pool.query(sql, values)).rowCount ?? 0
  signal?.throwIfAborted()
  pruned.webhookEvents = await rows('DELETE FROM webhook_event WHERE at < $1', [now - WEBHOOKS_KEPT_MS])
  pruned.mutations = await rows(
    `DELETE FROM mutation WHERE updated_at < $1 AND state IN ('done', 'failed')`,
    [now - MUTATIONS_KEPT_MS],
  )
  signal?.throwIfAborted()
  pruned.syncRuns = await rows(
    `DELETE FROM sync_run r USING (
       SELECT user_id, id, row_number() OVER (PARTITION BY account_id ORDER BY started_at DESC) AS place FROM sync_run
     ) AS old WHERE old.place > $1 AND r.user_id = old.user_id AND r.id = old.id AND r.outcome <> 'running'`,
    [RUNS_KEPT],
  )
  signal?.throwIfAborted()
  pruned.messages = await deleteDoomed(pool, now)
  const queued = await pool.query<{ user_id: string }>('SELECT DISTINCT user_id FROM search_queue')
  for (const row of queued.rows) {
    signal?.throwIfAborted()
    pruned.indexed += await drainSearchQueue(pool, row.user_id)
  }
  return pruned
}

/**
 * Raises the floor to the greatest seq removed: a reader at that seq or above has seen every tombstone that is gone.
 * Under the feed's lock and one user at a time, so a reader sees either both or neither.
 */
async function pruneTombstones(pool: Pool, before: number, signal?: AbortSignal): Promise<number> {
  let total = 0
  const users = await pool.query<{ user_id: string }>(
    'SELECT DISTINCT user_id FROM tombstone WHERE at < $1',
    [before],
  )
  for (const { user_id: userId } of users.rows) {
    signal?.throwIfAborted()
    total += await inTransaction(pool, async tx => {
      await tx.query('SELECT FROM feed WHERE user_id = $1 FOR UPDATE', [userId])
      const { rows } = await tx.query<{ removed: number; seq: number | null }>(
        `WITH gone AS (DELETE FROM tombstone WHERE user_id = $1 AND at < $2 RETURNING seq)
         SELECT count(*) AS removed, max(seq) AS seq FROM gone`,
        [userId, before],
      )
      const { removed, seq } = rows[0] ?? { removed: 0, seq: null }
      if (seq !== null)
        await tx.query('UPDATE feed SET floor = greatest(floor, $2) WHERE user_id = $1', [userId, seq])
      return removed
    })
  }
  return total
}
