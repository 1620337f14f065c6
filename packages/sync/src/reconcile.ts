import { announce, type Engine } from './engine.ts'
import { UID_LAST } from './places.ts'
import type { ReconciliationStart } from './reconciliation-store.ts'
import { newId } from './row-id.ts'
import type { ListingCursor } from './store-port.ts'
import { newListing } from './sync-resource.ts'
import { NOTHING_FOUND } from './tally.ts'

/** An account is compared again when the last comparison is so old. */
export const RECONCILE_EVERY_MS = 20 * 60 * 60_000
/** One that takes longer waits for its provider, and holds up nobody else. */
const STUCK_MS = 2 * 60 * 60_000
/** Accounts that are compared at a time, of all. */
const AT_ONCE = 4

/**
 * Compares the whole account with the provider and mends every difference. Before the live lane has its first cursor
 * there is nothing to compare: its first run opens the backfill, and a walk begun earlier would store states that no
 * cursor follows. What is being walked is not walked again. False: nothing was started.
 */
export async function startReconcile(
  engine: Engine,
  accountId: string,
  trigger: ReconciliationStart['trigger'],
  notSince?: number,
): Promise<boolean> {
  const now = engine.world.now()
  const start = { listing: comparison(now), trigger, ...(notSince === undefined ? {} : { notSince }) }
  const { started, ...committed } = await engine.store.startReconciliation(accountId, start, now)
  await announce(engine, committed)
  if (!started && trigger === 'person') await engine.store.mark({ accountId, lanes: ['live'] }, 'person', now)
  if (started || trigger === 'person') await engine.bus.ring({ type: 'work' })
  return started
}

/** Those that were not compared for a night, a few at a time; the caller comes again. Returns how many were started. */
export async function reconcileDue(engine: Engine): Promise<number> {
  let started = 0
  const now = engine.world.now()
  const due = await engine.store.reconciliationsDue(now - RECONCILE_EVERY_MS, now - STUCK_MS, AT_ONCE)
  for (const accountId of due) if (await startReconcile(engine, accountId, 'nightly')) started += 1
  return started
}

export const comparison = (now: number): ListingCursor => ({
  ...newListing('reconcile', now),
  compare: {
    id: newId(),
    tally: { provider: 0, stored: 0, ...NOTHING_FOUND },
    waiting: null,
    pages: [],
    top: UID_LAST,
  },
})
