import type { Tx } from './pool.ts'

/** The user's feed, locked: until commit nobody else writes it (I2). Hands out seqs. */
export type LockedFeed = {
  readonly userId: string
  /** The first of `count` new seqs. */
  take(count: number): number
  /** Writes the head back. Answers it, or null if no seq was taken. */
  close(): Promise<number | null>
}

/** Lock order everywhere: resource rows (by id), then the feed row, then all else. */
export async function lockFeed(tx: Tx, userId: string): Promise<LockedFeed> {
  let { rows } = await tx.query<{ head: number }>('SELECT head FROM feed WHERE user_id = $1 FOR UPDATE', [
    userId,
  ])
  if (!rows[0]) {
    const created =
      'INSERT INTO feed (user_id) VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET head = feed.head RETURNING head'
    rows = (await tx.query<{ head: number }>(created, [userId])).rows
  }
  const start = rows[0]?.head ?? 0
  let head = start
  return {
    userId,
    take(count) {
      const first = head + 1
      head += count
      return first
    },
    async close() {
      if (head === start) return null
      await tx.query('UPDATE feed SET head = $2 WHERE user_id = $1', [userId, head])
      return head
    },
  }
}
