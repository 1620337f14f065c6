import { announce, type Engine } from './engine.ts'
import { newListing } from './sync-resource.ts'

/**
 * Walks the whole account again and mends every difference, on a person's word or after a proof that failed. Before the
 * live lane has its first cursor there is nothing to compare: its first run opens the backfill, and a walk begun earlier
 * would store states that no cursor follows.
 */
export async function startResync(engine: Engine, accountId: string): Promise<void> {
  const now = engine.world.now()
  const account = await engine.store.account(accountId)
  const live = account?.resources.filter(resource => resource.lane === 'live') ?? []
  if (live.every(resource => resource.cursor !== null))
    await announce(engine, await engine.store.startListing(accountId, newListing('resync', now), now))
  else await engine.store.mark({ accountId, lanes: ['live'] }, 'person', now)
  await engine.bus.ring({ type: 'work' })
}
