import { isDeepStrictEqual } from 'node:util'
import { deriveThread, type ThreadMember } from '@inlet/sync/derive-thread'
import type { Writes } from '@inlet/sync/plan'
import type { Batch } from '@inlet/sync/store-port'
import { updateRows } from './columns.ts'
import type { LockedFeed } from './feed-row.ts'
import type { Threads } from './read-stored.ts'
import { buryThreads } from './sql/bury-threads.ts'
import { type ThreadWrite, threadColumns } from './thread-columns.ts'
import type { Tx } from './transaction.ts'

/**
 * Threads are what their messages say: those stored before, and what this batch makes of them. Those that changed take
 * seqs in the order of their time; a thread without messages leaves a tombstone.
 */
export function writeThreads(
  tx: Tx,
  feed: LockedFeed,
  batch: Pick<Batch, 'now'>,
  writes: Pick<Writes, 'threads' | 'messages' | 'deletions'>,
  stored: Threads,
): void {
  if (writes.threads.length === 0) return
  const membersOf = membership(writes, stored)
  const derived = []
  const gone: string[] = []
  for (const id of writes.threads) {
    const members = membersOf(id)
    const before = stored.get(id)
    if (members.length === 0) {
      if (before?.row) gone.push(id)
      continue
    }
    const row = deriveThread(id, members)
    if (!before?.row || !isDeepStrictEqual(before.row, row)) derived.push(row)
  }
  derived.sort((a, b) => a.lastMessageAt - b.lastMessageAt || (a.id < b.id ? -1 : 1))
  const first = feed.take(derived.length)
  const changes = derived.map((row, at): ThreadWrite => ({ row, seq: first + at }))

  const { userId } = feed
  const fresh = changes.filter(({ row }) => !stored.get(row.id)?.row)
  const changed = changes.filter(({ row }) => stored.get(row.id)?.row)
  const all = threadColumns(userId)
  if (fresh.length > 0) tx.copy({ table: 'thread', columns: all, rows: fresh })
  if (changed.length > 0) {
    const [, ...columns] = all
    tx.send(updateRows('thread', 'id', columns), [userId, ...columns.map(({ of }) => changed.map(of))])
  }
  const revived = fresh.map(({ row }) => row.id).filter(id => stored.has(id))
  if (revived.length > 0)
    tx.send(`DELETE FROM tombstone WHERE user_id = $1 AND kind = 'thread' AND id = ANY($2)`, [
      userId,
      revived,
    ])
  if (gone.length > 0) tx.send(buryThreads, [userId, gone, feed.take(gone.length), batch.now])
}

/** Which messages a thread has after this batch. */
function membership(writes: Pick<Writes, 'messages' | 'deletions'>, stored: Threads) {
  const touched = new Set(writes.deletions.map(({ id }) => id))
  const written = new Map<string, ThreadMember[]>()
  for (const { row } of writes.messages) {
    touched.add(row.id)
    const members = written.get(row.threadId)
    if (members) members.push(row)
    else written.set(row.threadId, [row])
  }
  return (id: string): ThreadMember[] => {
    const kept = (stored.get(id)?.messages ?? []).filter(message => !touched.has(message.id))
    return kept.concat(written.get(id) ?? [])
  }
}
