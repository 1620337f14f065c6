import { announce, type Engine } from './engine.ts'
import { newListing } from './sync-resource.ts'

/** Walks the whole account again and mends every difference, on a person's word or after a proof that failed. */
export async function startResync(engine: Engine, accountId: string): Promise<void> {
  const now = engine.world.now()
  await announce(engine, await engine.store.startListing(accountId, newListing('resync', now), now))
  await engine.bus.ring({ type: 'work' })
}
