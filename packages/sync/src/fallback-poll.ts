import type { Engine } from './engine.ts'
import { SILENT_MS } from './status.ts'
import type { Surveyed } from './store-port.ts'

/** A mailbox without a trusted doorbell is looked at this often; the caller spreads its rounds over 2 to 3 minutes. */
export const POLL_EVERY_MS = 150_000

/** While somebody is looking, what has no doorbell is looked at this often. */
export const WATCHED_EVERY_MS = 30_000

/** Marks what no doorbell vouches for: no watch, an expired one, or silence for ten minutes. Returns how many. */
export async function pollFallback(engine: Engine): Promise<number> {
  const marked = await engine.store.markSilent({
    now: engine.world.now(),
    silentMs: SILENT_MS,
    everyMs: POLL_EVERY_MS,
    surveyed: surveyedBy(engine),
  })
  if (marked > 0) await engine.bus.ring({ type: 'work' })
  return marked
}

/** Marks what has no doorbell at all, of people who are looking at their mail now. Returns how many. */
export async function pollForViewers(engine: Engine, userIds: readonly string[]): Promise<number> {
  if (userIds.length === 0) return 0
  const now = engine.world.now()
  // Since ever: what has a doorbell is never silent for so long.
  const marked = await engine.store.markSilent({
    now,
    silentMs: now,
    everyMs: WATCHED_EVERY_MS,
    userIds,
    surveyed: surveyedBy(engine),
  })
  if (marked > 0) await engine.bus.ring({ type: 'work' })
  return marked
}

const surveyedBy = ({ providers }: Engine): Surveyed[] =>
  [...providers].flatMap(([provider, { port }]) =>
    port.survey && port.tree !== undefined ? [{ provider, tree: port.tree }] : [],
  )
