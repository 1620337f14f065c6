import type { ChangesPage, FillPage, Upsert } from '@inlet/protocol/changes'
import type { Seq } from '@inlet/protocol/seq'
import { applyChanges, changesDue } from './apply-changes.ts'
import { fencedFeed } from './feed-meta.ts'
import { settleOutbox } from './outbox-settle.ts'
import type { FeedMeta, MirrorDb } from './tables.ts'
import { MIRROR_TABLES, type Tables, transact } from './transact.ts'
import { noteWritten } from './written.ts'

/**
 * applied: rows and cursor are stored, in one transaction (I5). known: all of it was here already.
 * gap: the page begins after the cursor; pull from there. fenced: the mirror was reset or deleted meanwhile.
 */
export type Applied =
  | { kind: 'applied' | 'known'; cursor: Seq }
  | { kind: 'gap'; cursor: Seq }
  | { kind: 'fenced' }

/** Applies a page of the feed, however it came. */
export function applyPage(db: MirrorDb, epoch: string, page: ChangesPage, now: number): Promise<Applied> {
  return transact(db, [...MIRROR_TABLES, 'outbox'], async (tables): Promise<Applied> => {
    const [feed, outbox, due] = await Promise.all([
      fencedFeed(tables, epoch),
      tables.outbox.count(),
      changesDue(tables, page.changes, 'following'),
    ])
    if (!feed || feed.cursor === null) return { kind: 'fenced' }
    if (page.after > feed.cursor) return { kind: 'gap', cursor: feed.cursor }
    const cursor = Math.max(feed.cursor, page.next)
    const head = Math.max(feed.head, page.head)
    if (cursor === feed.cursor && head === feed.head) return { kind: 'known', cursor }
    const next = { ...feed, cursor, head, floor: Math.max(feed.floor, page.floor) }
    const [rows] = await Promise.all([applyChanges(tables, due, now, 'following'), tables.meta.put(next)])
    const settled = outbox > 0 ? await settleOutbox(tables, now) : 0
    if (settled === 0) noteWritten(tables, { ...rows, feed: next })
    return { kind: 'applied', cursor }
  })
}

/** What one transaction stores of a fill page. */
export interface FillChunk {
  page: FillPage
  /** The position that the page was asked for with. */
  asked: string
  changes: readonly Upsert[]
  /** With it, all of the page's threads are stored: lists are without gaps down to its oldest message. */
  reaches: boolean
  last: boolean
  /** Messages that the mirror is filled with at most. */
  limit: number
}

/**
 * Applies one chunk of a fill page. The position moves with the last chunk: after a crash the whole page comes
 * again, which changes nothing (I4). The first page's first chunk sets the cursor: from then on, follow.
 * Null if the mirror was reset, or if the position is not the one that the page was asked for with.
 * The transaction is over the tables that it writes: lists are read while messages are stored.
 */
export function applyFillChunk(
  db: MirrorDb,
  epoch: string,
  chunk: FillChunk,
  now: number,
): Promise<FeedMeta | null> {
  const written = [...new Set(chunk.changes.map(({ kind }) => TABLE_OF[kind]))]
  return transact(db, [...written, 'tombstones', 'meta'], async tables => {
    const [feed, due] = await Promise.all([
      fencedFeed(tables, epoch),
      changesDue(tables, chunk.changes, 'filling'),
    ])
    if (!feed || feed.fill.position !== chunk.asked) return null
    const { page } = chunk
    const { horizon } = feed.fill
    const rows = await applyChanges(tables, due, now, 'filling')
    const done = feed.fill.done + rows.messages.length
    const limited = chunk.last && page.next !== null && done >= chunk.limit
    const position = !chunk.last ? feed.fill.position : limited ? null : page.next
    const next: FeedMeta = {
      ...feed,
      cursor: feed.cursor ?? page.head,
      head: Math.max(feed.head, page.head),
      floor: Math.max(feed.floor, page.floor),
      fill: { position, done, limited, horizon: chunk.reaches ? lower(horizon, page.changes) : horizon },
    }
    await tables.meta.put(next)
    noteWritten(tables, { ...rows, feed: next })
    return next
  })
}

const TABLE_OF = {
  account: 'accounts',
  label: 'labels',
  message: 'messages',
  thread: 'threads',
} as const satisfies Record<Upsert['kind'], keyof Tables>

function lower(horizon: number | null, changes: readonly Upsert[]): number | null {
  let oldest = horizon
  for (const change of changes)
    if (change.kind === 'message' && (oldest === null || change.row.receivedAt < oldest))
      oldest = change.row.receivedAt
  return oldest
}

/** Stores rows that were asked for beyond the mirror; from now on they are followed like all others. */
export function applyExtra(
  db: MirrorDb,
  epoch: string,
  changes: readonly Upsert[],
  now: number,
): Promise<{ added: number } | null> {
  return transact(db, MIRROR_TABLES, async tables => {
    const [feed, due] = await Promise.all([
      fencedFeed(tables, epoch),
      changesDue(tables, changes, 'following'),
    ])
    if (!feed) return null
    const { messages } = await applyChanges(tables, due, now, 'following')
    return { added: messages.length }
  })
}
