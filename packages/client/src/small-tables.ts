import { isOverlaid, overlayOf } from './overlay.ts'
import type { AccountRow, FeedMeta, LabelRow, MessageRow, MirrorDb, OutboxRow } from './tables.ts'
import type { LabelView } from './views.ts'
import type { RowChange, Written } from './written.ts'

/** What every list and count is made of and is small enough to be held: the mirror without its mail. */
export interface SmallTables {
  /** Oldest first. */
  accounts: readonly AccountRow[]
  /** In the order of their names. */
  labels: readonly LabelRow[]
  /** The same without their counts: another array only when something else about one of them changed. */
  labelViews: readonly LabelView[]
  /** In the order of sending. */
  outbox: readonly OutboxRow[]
  /** The messages under the outbox's patches that are here. */
  patched: readonly MessageRow[]
  feed: FeedMeta | null
}

export const noTables: SmallTables = {
  accounts: [],
  labels: [],
  labelViews: [],
  outbox: [],
  patched: [],
  feed: null,
}

const byAge = (a: AccountRow, b: AccountRow) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1)
// Made once: the first comparison of a page costs ten milliseconds, and comes just before its first list.
const { compare } = new Intl.Collator()
const byName = (a: LabelRow, b: LabelRow) => compare(a.name, b.name) || (a.id < b.id ? -1 : 1)

/** All of them as of one moment. `before` lends what has stayed the same. */
export function readSmallTables(db: MirrorDb, before: SmallTables): Promise<SmallTables> {
  const names = ['accounts', 'labels', 'outbox', 'messages', 'meta'] as const
  return db.transaction('r!', names, async transaction => {
    // Bound to the transaction, for the reason that transact.ts names.
    const tables = transaction as unknown as Pick<MirrorDb, (typeof names)[number]>
    const [accounts, labels, outbox, feed] = await Promise.all([
      tables.accounts.toArray(),
      tables.labels.toArray(),
      tables.outbox.orderBy('position').toArray(),
      tables.meta.get('feed'),
    ])
    const ids = [...overlayOf(outbox).keys()]
    const patched = ids.length === 0 ? [] : await tables.messages.bulkGet(ids)
    return {
      accounts: accounts.sort(byAge),
      ...sortedLabels(labels, before),
      outbox,
      patched: patched.filter(message => message !== undefined),
      feed: feed ?? null,
    }
  })
}

/** After a commit; null if that cannot be told without reading, because unconfirmed changes lie over its rows. */
export function advance(before: SmallTables, written: Written): SmallTables | null {
  if (isOverlaid(before.outbox)) return null
  const { accounts, labels, feed } = written
  return {
    ...before,
    feed,
    ...(accounts.length > 0 && { accounts: changed(before.accounts, accounts).sort(byAge) }),
    ...(labels.length > 0 && sortedLabels(changed(before.labels, labels), before)),
  }
}

function changed<T extends { id: string }>(rows: readonly T[], changes: readonly RowChange<T>[]): T[] {
  const next = new Map(rows.map(row => [row.id, row]))
  for (const { before, after } of changes) {
    if (after) next.set(after.id, after)
    else if (before) next.delete(before.id)
  }
  return [...next.values()]
}

function sortedLabels(labels: LabelRow[], before: SmallTables): Pick<SmallTables, 'labels' | 'labelViews'> {
  labels.sort(byName)
  const known = new Map(before.labelViews.map(view => [view.id, view]))
  const views = labels.map(({ total: _, unread: __, seq: ___, ...view }): LabelView => {
    const old = known.get(view.id)
    return old && sameLabel(old, view) ? old : view
  })
  const same = views.length === before.labelViews.length && views.every((v, i) => v === before.labelViews[i])
  return { labels, labelViews: same ? before.labelViews : views }
}

const sameLabel = (a: LabelView, b: LabelView) =>
  a.name === b.name &&
  a.role === b.role &&
  a.color === b.color &&
  a.hidden === b.hidden &&
  a.accountId === b.accountId
