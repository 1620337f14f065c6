import type { Tx } from './transaction.ts'

/** The user's feed, locked: until commit nobody else writes it (I2). Hands out seqs. */
export type LockedFeed = {
  readonly userId: string
  /** The first of `count` new seqs. */
  take(count: number): number
  /** Writes the head back. Answers it, or null if no seq was taken. */
  close(): number | null
}

/** Lock order everywhere: resource rows (by id), then the feed row, then all else. */
export async function lockFeed(tx: Tx, userId: string): Promise<LockedFeed> {
  const { rows } = await tx.query<{ head: number }>('SELECT head FROM feed WHERE user_id = $1 FOR UPDATE', [
    userId,
  ])
  if (!rows[0]) throw new Error(`User ${userId} has no feed: it is made with the first account.`)
  return lockedFeed(tx, userId, rows[0].head)
}

/** The same for a user who may have no feed yet. */
export async function openFeed(tx: Tx, userId: string): Promise<LockedFeed> {
  const { rows } = await tx.query<{ head: number }>(
    'INSERT INTO feed (user_id) VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET head = feed.head RETURNING head',
    [userId],
  )
  return lockedFeed(tx, userId, rows[0]?.head ?? 0)
}

function lockedFeed(tx: Tx, userId: string, start: number): LockedFeed {
  let head = start
  return {
    userId,
    take(count) {
      const first = head + 1
      head += count
      return first
    },
    close() {
      if (head === start) return null
      tx.send('UPDATE feed SET head = $2 WHERE user_id = $1', [userId, head])
      return head
    },
  }
}
