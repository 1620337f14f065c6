import { inTransaction, type Pool } from './pool.ts'
import { indexSearch } from './sql/index-search.ts'

/** Small, so that a statement stays short beside live work. */
const AT_ONCE = 100

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
    const done = await inTransaction(pool, async tx => {
      const { rows } = await tx.query<{ id: string }>(
        'SELECT id FROM search_queue WHERE user_id = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED',
        [userId, AT_ONCE],
      )
      if (rows.length === 0) return 0
      const ids = rows.map(row => row.id)
      await tx.query(indexSearch, [userId, ids])
      await tx.query('DELETE FROM search_queue WHERE user_id = $1 AND id = ANY($2)', [userId, ids])
      return ids.length
    })
    total += done
    if (done < AT_ONCE) break
  }
  return total
}
