import type { Change, ChangesPage, FillPage, Upsert } from '@inlet/protocol/changes'
import { CursorTooOld, type FeedReader } from '@inlet/sync/feed-port'
import { asUser } from './as-user.ts'
import { decodePosition, encodePosition, type FillPosition } from './fill-position.ts'
import type { Pool } from './pool.ts'
import { fillAccounts, fillLabels, fillMessages } from './sql/fill-feed.ts'
import { followFeed } from './sql/follow-feed.ts'
import type { Tx } from './transaction.ts'

/** Reads feeds under row-level security, each page in one snapshot. */
export function createFeedReader(pool: Pool): FeedReader {
  return {
    follow: (userId, after, limit, signal) =>
      asUser(pool, userId, tx => follow(tx, userId, after, limit), signal),
    fill: (userId, position, limit, signal) => {
      const from = decodePosition(position)
      return asUser(pool, userId, tx => fill(tx, userId, from, limit), signal)
    },
    async heads(userIds, signal) {
      signal?.throwIfAborted()
      const { rows } = await pool.query<{ user_id: string; head: number }>(
        'SELECT user_id, head FROM feed WHERE user_id = ANY($1)',
        [userIds],
      )
      return new Map(rows.map(row => [row.user_id, row.head]))
    },
  }
}

async function follow(tx: Tx, userId: string, after: number, limit: number): Promise<ChangesPage> {
  const { rows } = await tx.query<{ head: number; floor: number; changes: Change[] }>(followFeed, [
    userId,
    after,
    limit + 1,
  ])
  const { head, floor, changes: found } = rows[0] ?? { head: 0, floor: 0, changes: [] }
  // A cursor beyond the head is of another life of this database (restored from a copy): it would never meet a change.
  if (after < floor || after > head) throw new CursorTooOld(after, floor)
  const more = found.length > limit
  const changes = more ? found.slice(0, limit) : found
  const next = more ? (changes.at(-1)?.seq ?? after) : head
  return { after, changes, next, head, floor, more }
}

async function fill(tx: Tx, userId: string, from: FillPosition, limit: number): Promise<FillPage> {
  const feed = await tx.query<{ head: number; floor: number }>(
    'SELECT head, floor FROM feed WHERE user_id = $1',
    [userId],
  )
  const { head, floor } = feed.rows[0] ?? { head: 0, floor: 0 }
  const changes: Upsert[] = []
  if (from.at === 'start') {
    const accounts = await tx.query<{ change: Upsert }>(fillAccounts, [userId])
    changes.push(...accounts.rows.map(row => row.change))
  }
  let room = limit
  if (from.at !== 'messages') {
    const labels = await tx.query<{ id: string; change: Upsert }>(fillLabels, [
      userId,
      from.at === 'labels' ? from.after : '',
      limit,
    ])
    changes.push(...labels.rows.map(row => row.change))
    room -= labels.rows.length
    if (room <= 0)
      return {
        changes,
        next: encodePosition({ at: 'labels', after: labels.rows.at(-1)?.id ?? '' }),
        head,
        floor,
      }
  }
  const [receivedAt, id] = from.at === 'messages' ? [from.receivedAt, from.id] : [null, null]
  const { rows } = await tx.query<{ id: string; received_at: number; change: Upsert; thread: Upsert | null }>(
    fillMessages,
    [userId, receivedAt, id, room + 1],
  )
  const page = rows.slice(0, room)
  for (const row of page) changes.push(row.change, ...(row.thread ? [row.thread] : []))
  const last = page.at(-1)
  const more = rows.length > room && last !== undefined
  const next = more ? encodePosition({ at: 'messages', receivedAt: last.received_at, id: last.id }) : null
  return { changes, next, head, floor }
}
