import type { Writes } from '@inlet/sync/plan'
import type { Batch } from '@inlet/sync/store-port'
import type { LockedFeed } from './feed-row.ts'
import type { Tx } from './pool.ts'
import { deriveThreads } from './sql/derive-threads.ts'

/** After the messages: threads are what their messages say. */
export async function writeThreads(
  tx: Tx,
  feed: LockedFeed,
  batch: Pick<Batch, 'now'>,
  writes: Pick<Writes, 'threads'>,
): Promise<void> {
  if (writes.threads.length === 0) return
  const first = feed.take(0)
  const { rows } = await tx.query<{ taken: number }>(deriveThreads, [
    feed.userId,
    writes.threads,
    first,
    batch.now,
  ])
  feed.take(rows[0]?.taken ?? 0)
}
