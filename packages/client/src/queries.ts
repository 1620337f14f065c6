import type { LabelRole } from '@inlet/protocol/entities'
import { type Overlay, overlayOf, patchMessage, patchThread } from './overlay.ts'
import type { SmallTables } from './small-tables.ts'
import type { MessageRow, MirrorDb, ThreadRow } from './tables.ts'
import { threadKeyRange } from './thread-keys.ts'
import { newestFirst, type ThreadWindow, threadView } from './thread-window.ts'
import type {
  LabelView,
  MessageView,
  PendingMutation,
  ThreadsQuery,
  ThreadView,
  UnreadCounts,
} from './views.ts'

/** Reads of the mirror under the outbox. Pure of React. */

const oldestFirst = (a: MessageRow, b: MessageRow) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1)

/** Which labels a query lists; null is all mail. */
export function labelsOfQuery(labels: readonly LabelView[], query: ThreadsQuery): readonly string[] | null {
  if (query.labelIds) return query.labelIds
  if (!query.role) return null
  const { role, accountId } = query
  return labels
    .filter(label => label.role === role && (accountId === undefined || label.accountId === accountId))
    .map(label => label.id)
}

/** Whether a thread belongs in the query's list, its labels being `labelIds`. */
export function matcherOf(query: ThreadsQuery, labelIds: readonly string[] | null, oldest: number) {
  const wanted = labelIds && new Set(labelIds)
  return (thread: Pick<ThreadView, 'labelIds' | 'lastMessageAt' | 'accountId' | 'unreadCount'>): boolean =>
    thread.lastMessageAt >= oldest &&
    (wanted === null || thread.labelIds.some(labelId => wanted.has(labelId))) &&
    (query.accountId === undefined || thread.accountId === query.accountId) &&
    (!query.unreadOnly || thread.unreadCount > 0)
}

/**
 * The newest `limit` threads of the query as the person should see them, none older than `oldest`;
 * `more` if the mirror has others.
 */
export async function readThreads(
  db: MirrorDb,
  small: Pick<SmallTables, 'labelViews' | 'outbox'>,
  query: ThreadsQuery,
  limit: number,
  oldest = 0,
): Promise<ThreadWindow> {
  const labelIds = labelsOfQuery(small.labelViews, query)
  const overlaid = await threadsUnder(db, overlayOf(small.outbox))
  const matches = matcherOf(query, labelIds, oldest)

  // The overlay may take any of its threads out of the page or bring it in: read enough to fill the page without them.
  const wanted = limit + overlaid.size + 1
  const pages =
    labelIds === null
      ? [await newestOfAll(db, query, oldest, wanted)]
      : await Promise.all(
          labelIds.map(labelId => {
            const range = threadKeyRange(labelId, query.unreadOnly === true, oldest)
            return newestOfLabel(db, range, query.accountId, wanted)
          }),
        )
  const rows = new Map<string, ThreadView>()
  for (const page of pages)
    for (const row of page) if (!overlaid.has(row.id)) rows.set(row.id, threadView(row))
  for (const row of overlaid.values()) if (matches(row)) rows.set(row.id, row)
  const threads = [...rows.values()].sort(newestFirst)
  return { threads: threads.slice(0, limit), more: threads.length > limit }
}

function newestOfLabel(
  db: MirrorDb,
  [from, to]: [from: string, to: string],
  accountId: string | undefined,
  limit: number,
): Promise<ThreadRow[]> {
  const newest = db.threads.where('keys').between(from, to).reverse()
  const own = accountId === undefined ? newest : newest.filter(thread => thread.accountId === accountId)
  return own.limit(limit).toArray()
}

function newestOfAll(
  db: MirrorDb,
  { accountId, unreadOnly }: ThreadsQuery,
  oldest: number,
  limit: number,
): Promise<ThreadRow[]> {
  const all = db.threads.where('lastMessageAt').aboveOrEqual(oldest).reverse()
  if (accountId === undefined && !unreadOnly) return all.limit(limit).toArray()
  return all
    .filter(
      thread =>
        (accountId === undefined || thread.accountId === accountId) &&
        (!unreadOnly || thread.unreadCount > 0),
    )
    .limit(limit)
    .toArray()
}

/** Every thread that the overlay touches, patched or not. */
async function threadsUnder(db: MirrorDb, overlay: Overlay): Promise<Map<string, ThreadView>> {
  const result = new Map<string, ThreadView>()
  if (overlay.size === 0) return result
  const touched = await db.messages.bulkGet([...overlay.keys()])
  const ids = [...new Set(touched.flatMap(message => (message ? [message.threadId] : [])))]
  const threads = await db.threads.bulkGet(ids)
  const messages = Map.groupBy(await db.messages.where('threadId').anyOf(ids).toArray(), row => row.threadId)
  for (const thread of threads) {
    if (!thread) continue
    const patched = patchThread(thread, messages.get(thread.id) ?? [], overlay)
    result.set(thread.id, { ...threadView(patched), pending: patched !== thread })
  }
  return result
}

export async function readThread(
  db: MirrorDb,
  threadId: string,
): Promise<{ thread: ThreadView | null; messages: MessageView[] }> {
  const [thread, messages, outbox] = await Promise.all([
    db.threads.get(threadId),
    db.messages.where({ threadId }).toArray(),
    db.outbox.toArray(),
  ])
  const overlay = overlayOf(outbox)
  const patched = thread && patchThread(thread, messages, overlay)
  return {
    thread: patched ? { ...threadView(patched), pending: patched !== thread } : null,
    messages: messages.sort(oldestFirst).map(message => {
      const shown = patchMessage(message, overlay)
      return { ...shown, pending: shown !== message }
    }),
  }
}

const counted = new WeakMap<SmallTables, UnreadCounts>()

/** The server's counts, moved by what the outbox is about to change. Counted once, whoever asks. */
export function unreadCounts(tables: SmallTables): UnreadCounts {
  const known = counted.get(tables) ?? count(tables)
  counted.set(tables, known)
  return known
}

function count({ labels: rows, outbox, patched }: SmallTables): UnreadCounts {
  const overlay = overlayOf(outbox)
  const labels: Record<string, number> = Object.fromEntries(rows.map(label => [label.id, label.unread]))
  const add = (labelId: string, delta: number) => {
    const count = labels[labelId]
    if (count !== undefined) labels[labelId] = Math.max(0, count + delta)
  }
  for (const message of patched) {
    const shown = patchMessage(message, overlay)
    if (message.unread) for (const id of message.labelIds) add(id, -1)
    if (shown.unread) for (const id of shown.labelIds) add(id, 1)
  }
  const roles: Partial<Record<LabelRole, number>> = {}
  const accounts: Record<string, number> = {}
  for (const label of rows) {
    if (!label.role) continue
    const count = labels[label.id] ?? 0
    roles[label.role] = (roles[label.role] ?? 0) + count
    if (label.role === 'inbox') accounts[label.accountId] = (accounts[label.accountId] ?? 0) + count
  }
  return { labels, roles, accounts }
}

export interface OutboxView {
  pending: readonly PendingMutation[]
  failed: readonly PendingMutation[]
}

export function outboxView({ outbox }: Pick<SmallTables, 'outbox'>): OutboxView {
  const isFailed = (row: PendingMutation) => row.state === 'failed' || row.state === 'unknown'
  return { pending: outbox.filter(row => !isFailed(row)), failed: outbox.filter(isFailed) }
}
