import type { PushEvent, PushOutcome } from '@inlet/sync/push-event'
import type { Committed, WatchClaim, WatchDue } from '@inlet/sync/store-port'
import { changeAccount } from './accounts.ts'
import { dueAt, markLane } from './scheduling.ts'
import { byText, type MemoryState, type ResourceState, userOf, type WatchState } from './state.ts'

const DUPLICATE_MS = 60 * 60_000
const TOLD_MS = 1_000

const isDue = (lane: ResourceState, now: number) => (dueAt(lane) ?? Number.POSITIVE_INFINITY) <= now

export function recordPush(state: MemoryState, event: PushEvent, now: number): PushOutcome {
  const outcome = act(state, event, now)
  if (event.pushId !== null) state.pushes.set(`${event.provider} ${event.pushId}`, now)
  return outcome
}

function act(state: MemoryState, event: PushEvent, now: number): PushOutcome {
  if (event.problem !== null || (event.mailbox === null && event.watch === null))
    return { outcome: 'undecodable', accountIds: [], ring: false }
  const lanes = [...state.resources.values()].filter(
    lane => lane.lane === 'live' && names(state, event, lane),
  )
  const accountIds = [...new Set(lanes.map(lane => lane.accountId))]
  if (accountIds.length === 0) return { outcome: 'unknown_mailbox', accountIds, ring: false }
  const enabled = lanes.filter(lane => state.accounts.get(lane.accountId)?.enabled)
  if (enabled.length === 0) return { outcome: 'stopped', accountIds, ring: false }
  const seenAt = event.pushId === null ? undefined : state.pushes.get(`${event.provider} ${event.pushId}`)
  const { watch, kind } = event
  if (watch && !lanes.some(lane => lane.watch?.secret === watch.secret))
    return { outcome: 'forged', accountIds, ring: false }
  let ring = false
  for (const lane of enabled) {
    if (lane.watch && kind === 'lapsing')
      lane.watch = { ...lane.watch, retryAt: 0, expiresAt: Math.min(lane.watch.expiresAt ?? now, now) }
    if (lane.watch && kind === 'removed')
      lane.watch = { ...lane.watch, providerId: null, expiresAt: null, retryAt: 0 }
    const told = isDue(lane, now) && (lane.dirtyAt ?? 0) > now - TOLD_MS
    markLane(lane, 'push', now)
    lane.lastPushAt = Math.max(lane.lastPushAt ?? 0, now)
    lane.missedPushAt = null
    if (isDue(lane, now) && !told) ring = true
  }
  const repeated = seenAt !== undefined && seenAt > now - DUPLICATE_MS
  return { outcome: repeated ? 'duplicate' : 'marked', accountIds, ring }
}

function names(state: MemoryState, event: PushEvent, lane: ResourceState): boolean {
  const account = userOf(state, lane.userId).accounts.get(lane.accountId)?.row
  if (account?.provider !== event.provider) return false
  if (event.watch) return lane.watch?.providerId === event.watch.providerId
  return (
    account.email === event.mailbox?.toLowerCase() && (event.resource === null || lane.key === event.resource)
  )
}

export function watchesDue(state: MemoryState, now: number, withinMs: number, limit: number): WatchDue[] {
  const due: WatchDue[] = []
  for (const lane of state.resources.values()) {
    const { watch } = lane
    if (!watch || lane.paused || watch.retryAt > now) continue
    if (watch.expiresAt !== null && watch.expiresAt >= now + withinMs) continue
    const account = userOf(state, lane.userId).accounts.get(lane.accountId)?.row
    if (!account) continue
    const { accountId, userId, key } = lane
    const { email, provider } = account
    const { providerId, expiresAt } = watch
    due.push({ resourceId: lane.id, accountId, userId, email, provider, key, providerId, expiresAt })
  }
  due.sort((a, b) => byText(a.accountId, b.accountId) || byText(a.resourceId, b.resourceId))
  return due.slice(0, limit)
}

export function claimWatch(
  state: MemoryState,
  { resourceId, providerId, expiresAt }: WatchDue,
  now: number,
  until: number,
): WatchClaim | null {
  const lane = state.resources.get(resourceId)
  if (!lane?.watch || lane.paused || lane.watch.retryAt > now) return null
  if (lane.watch.providerId !== providerId || lane.watch.expiresAt !== expiresAt) return null
  lane.watch = { ...lane.watch, retryAt: until }
  return { resourceId, providerId, until }
}

/** null, and no change, where the claim has ended or, for a watch that is `registered`, the account was stopped. */
export function changeClaimed(
  state: MemoryState,
  { resourceId, providerId, until }: WatchClaim,
  change: (watch: WatchState) => WatchState,
  now: number,
  registered: boolean,
): Committed | null {
  const lane = state.resources.get(resourceId)
  if (lane?.watch?.providerId !== providerId || lane.watch.retryAt !== until) return null
  return registered && lane.paused ? null : changeWatch(state, resourceId, change, now)
}

export function changeWatch(
  state: MemoryState,
  resourceId: string,
  change: (watch: WatchState) => WatchState,
  now: number,
): Committed {
  const lane = state.resources.get(resourceId)
  return changeAccount(state, lane?.accountId ?? '', now, () => {
    if (lane?.watch) lane.watch = change(lane.watch)
    return {}
  })
}
