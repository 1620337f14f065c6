import { FILL_START } from '@inlet/protocol/changes'
import { PROTOCOL_VERSION } from '@inlet/protocol/version'
import { type FeedMeta, MIRROR_VERSION, type MirrorDb } from './tables.ts'
import { MIRROR_TABLES, type Tables, transact } from './transact.ts'

function emptyFeed(epoch: string): FeedMeta {
  return {
    key: 'feed',
    epoch,
    cursor: null,
    head: 0,
    floor: 0,
    fill: { position: FILL_START, done: 0, limited: false, horizon: null },
    protocol: PROTOCOL_VERSION,
    mirror: MIRROR_VERSION,
  }
}

/** Has the database, should it be made, begin with its feed row: a new mirror's first page then waits for no other write. */
export function beginWithFeed(db: MirrorDb, epoch: string): void {
  db.on('populate', transaction => transaction.table<FeedMeta>('meta').add(emptyFeed(epoch)))
}

const isCurrent = (stored: FeedMeta) =>
  stored.protocol === PROTOCOL_VERSION && stored.mirror === MIRROR_VERSION

/** Where the mirror stands. A mirror of another version of the protocol or of our rows is emptied first. */
export async function openFeed(db: MirrorDb, newEpoch: string): Promise<FeedMeta> {
  // Nearly always this is all, and holds up nobody who reads.
  const found = await db.meta.get('feed')
  if (found && isCurrent(found)) return found
  return transact(db, MIRROR_TABLES, async tables => {
    const stored = await tables.meta.get('feed')
    return stored && isCurrent(stored) ? stored : replaceFeed(tables, newEpoch)
  })
}

/**
 * Empties the mirror under a new epoch, so that whoever still writes for the old one is fenced off.
 * Does nothing if `oldEpoch` is not the present one: somebody else has reset it already.
 */
export function resetFeed(db: MirrorDb, oldEpoch: string, newEpoch: string): Promise<FeedMeta> {
  return transact(db, MIRROR_TABLES, async tables => {
    const stored = await tables.meta.get('feed')
    return stored && stored.epoch !== oldEpoch ? stored : replaceFeed(tables, newEpoch)
  })
}

/** The outbox is not among them: a reset keeps what the person did. */
async function replaceFeed(tables: Tables, epoch: string): Promise<FeedMeta> {
  for (const name of MIRROR_TABLES) await tables[name].clear()
  const feed = emptyFeed(epoch)
  await tables.meta.put(feed)
  return feed
}

/** The feed row if the epoch still holds, else null: the write that asked is to be dropped. Inside the writer's transaction. */
export async function fencedFeed(tables: Tables, epoch: string): Promise<FeedMeta | null> {
  const feed = await tables.meta.get('feed')
  return feed?.epoch === epoch ? feed : null
}
