import { COOL_DOWN_AFTER, SURVEYED_MS } from '@inlet/sync/status'
import type {
  Claim,
  Committed,
  Lease,
  MarkTarget,
  RunEnd,
  Store,
  Surveyed,
  Trigger,
} from '@inlet/sync/store-port'
import { refreshAccount } from './refresh-account.ts'
import { byText, type MemoryState, type ResourceState, resourcesOf, userOf } from './state.ts'

const ERROR_MAX = 1_000

/** When a lane may be claimed, or null: as the generated column of the same name. */
export function dueAt(lane: ResourceState): number | null {
  if (lane.dirtyAt === null || lane.paused) return null
  return Math.max(lane.dirtyAt, lane.nextAttemptAt ?? 0, lane.leaseUntil ?? 0)
}

export function nextDueAt(state: MemoryState): number | null {
  let earliest: number | null = null
  for (const lane of state.resources.values()) {
    const at = dueAt(lane)
    if (at !== null && (earliest === null || at < earliest)) earliest = at
  }
  return earliest
}

export function claimDue(
  state: MemoryState,
  newId: () => string,
  { now, leaseMs, limit, accountId, lanes, except }: Parameters<Store['claimDue']>[0],
): Claim[] {
  const due: { lane: ResourceState; at: number }[] = []
  for (const lane of state.resources.values()) {
    if (accountId !== undefined && lane.accountId !== accountId) continue
    if (lanes && !lanes.includes(lane.lane)) continue
    if (except?.includes(lane.accountId)) continue
    const at = dueAt(lane)
    if (at !== null && at <= now) due.push({ lane, at })
  }
  due.sort((a, b) => a.at - b.at || byText(a.lane.id, b.lane.id))
  return due.slice(0, Math.max(0, limit)).map(({ lane }) => claim(state, lane, newId, now, now + leaseMs))
}

function claim(
  state: MemoryState,
  lane: ResourceState,
  newId: () => string,
  now: number,
  until: number,
): Claim {
  const token = newId()
  lane.leaseToken = token
  lane.leaseUntil = until
  lane.runId = newId()
  lane.claimedMarks = lane.marks
  lane.run = { startedAt: now, changed: false }
  lane.nextAttemptAt = null
  const account = userOf(state, lane.userId).accounts.get(lane.accountId)?.row
  if (!account) throw new Error(`The lane ${lane.id} has no account ${lane.accountId}.`)
  const { userId, accountId, key, cursor, cursorVersion, trigger, attempts, runId } = lane
  const { email, provider } = account
  const lease = { resourceId: lane.id, token }
  return {
    lease,
    userId,
    accountId,
    email,
    provider,
    key,
    lane: lane.lane,
    cursor,
    cursorVersion,
    trigger,
    attempts,
    failedWith: lane.error?.kind ?? null,
    runId,
  }
}

function held(state: MemoryState, lease: Lease): ResourceState | null {
  const lane = state.resources.get(lease.resourceId)
  return lane && lane.leaseToken === lease.token ? lane : null
}

export function renewLease(state: MemoryState, lease: Lease, until: number): boolean {
  const lane = held(state, lease)
  if (lane) lane.leaseUntil = until
  return lane !== null
}

export function finish(state: MemoryState, claim: Claim, end: RunEnd, now: number): Committed {
  const { userId, accountId } = claim
  const nothing: Committed = { userId, head: null, upserts: 0, deletions: 0 }
  const lane = end.ok || !end.stale ? held(state, claim.lease) : null
  if (!lane) return nothing
  const unmarked = lane.marks === lane.claimedMarks
  lane.leaseToken = null
  lane.leaseUntil = null
  lane.runId = null
  if (end.ok) {
    lane.attempts = 0
    lane.error = null
    lane.lastSyncedAt = now
    lane.passedAt = lane.run.startedAt
    const unheard = (lane.lastPushAt ?? 0) < lane.run.startedAt
    if (lane.lane === 'live' && claim.trigger === 'poll' && lane.run.changed && unheard)
      lane.missedPushAt = now
    if (unmarked) {
      lane.nextAttemptAt = end.again?.at ?? null
      lane.trigger = 'schedule'
      lane.dirtyAt = end.again ? now : null
    }
  } else {
    lane.attempts += 1
    lane.nextAttemptAt = end.nextAttemptAt
    lane.error = { kind: end.kind, message: end.message.slice(0, ERROR_MAX) }
    if (unmarked) lane.trigger = 'retry'
    lane.dirtyAt ??= now
  }
  const user = userOf(state, userId)
  const start = user.head
  refreshAccount(state, accountId, now)
  return { ...nothing, head: user.head === start ? null : user.head }
}

export function mark(state: MemoryState, target: MarkTarget, trigger: Trigger, now: number): number {
  let marked = 0
  for (const lane of state.resources.values()) {
    if ('resourceId' in target) {
      if (lane.id !== target.resourceId) continue
    } else {
      const of = 'accountId' in target ? lane.accountId === target.accountId : lane.userId === target.userId
      if (!of || !target.lanes.includes(lane.lane)) continue
    }
    markLane(lane, trigger, now)
    marked += 1
  }
  return marked
}

export function markLane(lane: ResourceState, trigger: Trigger, now: number): void {
  if (lane.dirtyAt === null || (lane.leaseToken !== null && lane.marks === lane.claimedMarks)) {
    lane.trigger = trigger
    lane.dirtyAt = now
  }
  if (
    lane.attempts === 0 ||
    ((trigger === 'person' || trigger === 'connect') && lane.error?.kind !== 'rate_limited')
  )
    lane.nextAttemptAt = null
  lane.marks += 1
}

function isSurveyed(
  state: MemoryState,
  { userId, accountId, key }: ResourceState,
  surveyed: readonly Surveyed[],
): boolean {
  const provider = userOf(state, userId).accounts.get(accountId)?.row.provider
  const tree = surveyed.find(each => each.provider === provider)?.tree
  if (tree === undefined || tree === key) return false
  return resourcesOf(state, accountId).some(
    each => each.key === tree && each.lane === 'live' && each.attempts < COOL_DOWN_AFTER,
  )
}

export function markSilent(
  state: MemoryState,
  { now, silentMs, everyMs, userIds, surveyed = [] }: Parameters<Store['markSilent']>[0],
): number {
  let marked = 0
  for (const lane of state.resources.values()) {
    if (lane.lane !== 'live' || lane.paused || lane.dirtyAt !== null) continue
    if (userIds && !userIds.includes(lane.userId)) continue
    const waitMs = isSurveyed(state, lane, surveyed) ? Math.max(everyMs, SURVEYED_MS) : everyMs
    if (lane.lastSyncedAt !== null && lane.lastSyncedAt > now - waitMs) continue
    const { watch, lastPushAt } = lane
    const heardAt = Math.max(lastPushAt ?? 0, watch?.createdAt ?? 0)
    const trusted =
      watch?.providerId && watch.expiresAt !== null && watch.expiresAt > now && heardAt > now - silentMs
    if (trusted) continue
    markLane(lane, 'poll', now)
    marked += 1
  }
  return marked
}
