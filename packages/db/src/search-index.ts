import { idArray } from './columns.ts'
import type { Column } from './copy-in.ts'
import type { Pool } from './pool.ts'
import { drainSearch, SEARCH_AT_ONCE } from './sql/drain-search.ts'
import type { Tx } from './transaction.ts'

/** Queues messages for `drainSearchQueue`: a row for many of them, since the queue is read as it was written. */
export function queueSearch(tx: Tx, userId: string, ids: string[]): void {
  const rows: string[] = []
  for (let from = 0; from < ids.length; from += SEARCH_AT_ONCE)
    rows.push(idArray(ids.slice(from, from + SEARCH_AT_ONCE)))
  const columns: Column<string>[] = [
    { name: 'user_id', type: 'text', of: () => userId },
    { name: 'ids', type: 'text[]', of: row => row },
  ]
  if (rows.length > 0) tx.copy({ table: 'search_queue', columns, rows })
}

/**
 * Makes the search vectors of what commits have queued for this user. Runs after them, outside of the feed's lock,
 * since parsing text costs more than all the other writes together. A crash leaves the queue; the next call takes it up.
 */
export async function drainSearchQueue(
  pool: Pool,
  userId: string,
  atMost = Number.POSITIVE_INFINITY,
): Promise<number> {
  let total = 0
  while (total < atMost) {
    const { rows } = await pool.query<{ done: number }>(drainSearch, [userId])
    const done = rows[0]?.done ?? 0
    total += done
    if (done < SEARCH_AT_ONCE) break
  }
  return total
}
