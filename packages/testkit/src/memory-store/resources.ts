import type { ResourceSpec } from '@inlet/sync/provider-port'
import type { Batch } from '@inlet/sync/store-port'
import { laneId, newLane } from './listings.ts'
import { forgetGone } from './places.ts'
import { type MemoryState, resourcesOf } from './state.ts'

/** Lanes for resources that have none yet, due at once; failed items and a person's changes are the account's. */
export function addResources(
  state: MemoryState,
  { userId, accountId, now }: Pick<Batch, 'userId' | 'accountId' | 'now'>,
  resources: readonly ResourceSpec[],
): void {
  const wanted = [
    ...resources.map(({ key, watched }) => ({ key, watched, lane: 'live' as const })),
    ...(['items', 'mutations'] as const).map(lane => ({ key: '', watched: false, lane })),
  ]
  const account = state.accounts.get(accountId)
  for (const { key, lane, watched } of wanted) {
    const id = laneId(accountId, key, lane)
    if (state.resources.has(id)) continue
    const made = newLane({ id, userId, accountId, key, lane })
    const due = lane === 'live' ? { dirtyAt: now, marks: 1 } : {}
    const paused = !account?.enabled || account.reconnect !== null
    state.resources.set(id, { ...made, ...due, paused, watch: watched ? made.watch : null })
  }
}

/** Makes the account's lanes those of `resources`. */
export function keepResources(state: MemoryState, batch: Batch, resources: readonly ResourceSpec[]): void {
  const keys = new Set(resources.map(resource => resource.key))
  for (const { id, key, lane } of resourcesOf(state, batch.accountId)) {
    if ((lane !== 'live' && lane !== 'listing') || keys.has(key)) continue
    state.resources.delete(id)
    for (const seen of state.seen.keys()) if (seen.startsWith(`${id} `)) state.seen.delete(seen)
  }
  forgetGone(state, batch.accountId, { kept: keys })
  addResources(state, batch, resources)
}
