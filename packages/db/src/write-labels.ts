import type { LabelRow, Writes } from '@inlet/sync/plan'
import type { Batch } from '@inlet/sync/store-port'
import { columns } from './columns.ts'
import type { LockedFeed } from './feed-row.ts'
import type { StoredState } from './read-stored.ts'
import { countLabels } from './sql/count-labels.ts'
import { deleteLabels } from './sql/delete-labels.ts'
import { upsertLabels } from './sql/upsert-labels.ts'
import type { Tx } from './transaction.ts'

type Counted = LabelRow & { total: number; unread: number }

/**
 * Renamed labels and moved counts, one write and one seq each. Known labels move by the plan's deltas; a label that is
 * new here is counted over what is stored, since messages may have carried it before it was listed.
 */
export async function writeLabels(
  tx: Tx,
  feed: LockedFeed,
  batch: Batch,
  writes: Writes,
  stored: StoredState,
): Promise<void> {
  const { userId, accountId, now } = batch
  const changed = new Map<string, LabelRow>(writes.labels.map(label => [label.id, label]))
  for (const id of writes.labelCounts.keys()) {
    const label = stored.labels.get(id)
    if (label && !changed.has(id)) changed.set(id, label)
  }
  const gone = writes.deletedLabels
  for (const id of gone) changed.delete(id)

  const fresh = [...changed.keys()].filter(id => !stored.counts.has(id))
  const counted = await countFresh(tx, userId, fresh)
  const rows = [...changed.values()].map((label): Counted => {
    const before = stored.counts.get(label.id)
    if (!before) return { ...label, ...(counted.get(label.id) ?? { total: 0, unread: 0 }) }
    const delta = writes.labelCounts.get(label.id) ?? { total: 0, unread: 0 }
    return { ...label, total: before.total + delta.total, unread: before.unread + delta.unread }
  })
  if (rows.length > 0) {
    const picked = columns(rows, [
      row => row.id,
      row => row.providerId,
      row => row.name,
      row => row.role,
      row => row.color,
      row => row.hidden,
      row => row.total,
      row => row.unread,
    ])
    tx.send(upsertLabels, [userId, accountId, feed.take(rows.length), ...picked])
  }
  if (gone.length > 0) tx.send(deleteLabels, [userId, gone, feed.take(gone.length), now])
}

async function countFresh(tx: Tx, userId: string, ids: string[]) {
  if (ids.length === 0) return new Map<string, { total: number; unread: number }>()
  const { rows } = await tx.query<{ id: string; total: number; unread: number }>(countLabels, [userId, ids])
  return new Map(rows.map(({ id, total, unread }) => [id, { total, unread }]))
}
