import type { ListingCursor } from '@inlet/sync/store-port'
import type { MemoryState, ResourceState } from './state.ts'

/** Opens or replaces the listing lanes beside live ones. Whoever walks an old one loses its lease; what it saw is forgotten. */
export function openListings(
  state: MemoryState,
  live: ResourceState[],
  listing: ListingCursor,
  now: number,
): void {
  for (const beside of live) {
    const id = laneId(beside.accountId, beside.key, 'listing')
    const old = state.resources.get(id)
    const opened = { cursor: JSON.stringify(listing), dirtyAt: now, trigger: 'schedule' as const }
    if (old) {
      const released = { attempts: 0, nextAttemptAt: null, leaseUntil: null, leaseToken: null, error: null }
      Object.assign(old, opened, released)
      old.cursorVersion += 1
      old.marks += 1
    } else {
      const { userId, accountId, key, paused } = beside
      state.resources.set(id, {
        ...newLane({ id, userId, accountId, key, lane: 'listing' }),
        ...opened,
        marks: 1,
        paused,
      })
    }
    for (const key of state.seen.keys()) if (key.startsWith(`${id} `)) state.seen.delete(key)
  }
}

export const laneId = (accountId: string, key: string, lane: string): string => `${accountId}.${key}.${lane}`

export function newLane(
  of: Pick<ResourceState, 'id' | 'userId' | 'accountId' | 'key' | 'lane'>,
): ResourceState {
  return {
    ...of,
    cursor: null,
    cursorVersion: 0,
    dirtyAt: null,
    trigger: 'connect',
    marks: 0,
    claimedMarks: 0,
    attempts: 0,
    nextAttemptAt: null,
    leaseUntil: null,
    leaseToken: null,
    runId: null,
    paused: false,
    lastSyncedAt: null,
    passedAt: null,
    lastPushAt: null,
    missedPushAt: null,
    run: { startedAt: 0, changed: false },
    error: null,
    watch:
      of.lane === 'live'
        ? { providerId: null, secret: null, expiresAt: null, createdAt: null, error: null, retryAt: 0 }
        : null,
  }
}
