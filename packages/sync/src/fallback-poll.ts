import type { Engine } from './engine.ts'
import { SILENT_MS } from './status.ts'

/** A mailbox without a trusted doorbell is looked at this often; the caller spreads its rounds over 2 to 3 minutes. */
export const POLL_EVERY_MS = 150_000

/** Marks what no doorbell vouches for: no watch, an expired one, or silence for ten minutes. Returns how many. */
export async function pollFallback(engine: Engine): Promise<number> {
  const marked = await engine.store.markSilent({
    now: engine.world.now(),
    silentMs: SILENT_MS,
    everyMs: POLL_EVERY_MS,
  })
  if (marked > 0) await engine.bus.ring({ type: 'work' })
  return marked
}
