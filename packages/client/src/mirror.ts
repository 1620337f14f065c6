import type { ChangesPage, FillPage, Upsert } from '@inlet/protocol/changes'
import type { Seq } from '@inlet/protocol/seq'
import { applyChanges } from './apply-changes.ts'
import { fencedFeed } from './feed-meta.ts'
import { settleOutbox } from './outbox-settle.ts'
import type { FeedMeta, MirrorDb } from './tables.ts'
import { MIRROR_TABLES, transact } from './transact.ts'

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
    const feed = await fencedFeed(tables, epoch)
    if (!feed || feed.cursor === null) return { kind: 'fenced' }
    if (page.after > feed.cursor) return { kind: 'gap', cursor: feed.cursor }
    const cursor = Math.max(feed.cursor, page.next)
    const head = Math.max(feed.head, page.head)
    if (cursor === feed.cursor && head === feed.head) return { kind: 'known', cursor }
    if (cursor > feed.cursor && page.changes.length > 0) await applyChanges(tables, page.changes, now)
    await tables.meta.put({ ...feed, cursor, head, floor: Math.max(feed.floor, page.floor) })
    await settleOutbox(tables, now)
    return { kind: 'applied', cursor }
  })
}

/** Rows of one fill transaction: 29 ms in Chromium on two busy cores (0.23 ms a row). A live page waits no longer than that. */
export const FILL_CHUNK = 125

/**
 * Applies one chunk of a fill page. The position moves with the last chunk: after a crash the whole page comes
 * again, which changes nothing (I4). The first page's first chunk sets the cursor: from then on, follow.
 * Null if the mirror was reset, or if the position is not the one that the page was asked for with.
 */
export function applyFillChunk(
  db: MirrorDb,
  epoch: string,
  chunk: { asked: string; changes: readonly Upsert[]; last: boolean; page: FillPage; limit: number },
  now: number,
): Promise<FeedMeta | null> {
  return transact(db, MIRROR_TABLES, async tables => {
    const feed = await fencedFeed(tables, epoch)
    if (!feed || feed.fill.position !== chunk.asked) return null
    const { page } = chunk
    let messages = 0
    if (chunk.changes.length > 0) messages = (await applyChanges(tables, chunk.changes, now)).messages
    const done = feed.fill.done + messages
    const limited = chunk.last && page.next !== null && done >= chunk.limit
    const position = !chunk.last ? feed.fill.position : limited ? null : page.next
    const next: FeedMeta = {
      ...feed,
      cursor: feed.cursor ?? page.head,
      head: Math.max(feed.head, page.head),
      floor: Math.max(feed.floor, page.floor),
      fill: { position, done, limited, horizon: lower(feed.fill.horizon, chunk.changes) },
    }
    await tables.meta.put(next)
    return next
  })
}

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
    if (!(await fencedFeed(tables, epoch))) return null
    if (changes.length === 0) return { added: 0 }
    const { messages } = await applyChanges(tables, changes, now)
    return { added: messages }
  })
}
