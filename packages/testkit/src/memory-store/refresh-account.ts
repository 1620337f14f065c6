import type { Account, Progress, Proof } from '@inlet/protocol/entities'
import { deriveStatus } from '@inlet/sync/status'
import type { ListingCursor } from '@inlet/sync/store-port'
import { comparedOf } from './reconciliations.ts'
import { type MemoryState, type ResourceState, resourcesOf, userOf } from './state.ts'

/** As on Postgres: a sync that finds nothing shows in the browser at most this often. */
const QUIET_MS = 30_000

/** Derives the account's row again, and writes it under a new seq if a reader would see a difference. */
export function refreshAccount(
  state: MemoryState,
  accountId: string,
  now: number,
  change: { force?: boolean; proof?: Omit<Proof, 'compared'> } = {},
): void {
  const account = state.accounts.get(accountId)
  if (!account) return
  const user = userOf(state, account.userId)
  const entry = user.accounts.get(accountId)
  if (!entry) return
  const old = entry.row
  const lanes = resourcesOf(state, accountId)
  const live = lanes.filter(lane => lane.lane === 'live')
  const worst = live.reduce<ResourceState | null>(
    (a, b) => (a === null || b.attempts > a.attempts ? b : a),
    null,
  )
  const doorbells = live.flatMap(lane => lane.watch ?? [])
  const watches = doorbells.filter(watch => watch.providerId !== null)
  const expiresAt = earliest(watches.map(watch => watch.expiresAt))
  const complete = doorbells.every(watch => watch.providerId !== null && watch.expiresAt !== null)
  const progress = progressOf(lanes)
  let failedItems = 0
  for (const item of user.failedItems.values())
    if (item.accountId === accountId && (item.code !== 'not_placed' || item.attempts > 1)) failedItems += 1
  const lastSyncAt = latest(live.map(lane => lane.lastSyncedAt))
  const lastPushAt = latest(live.map(lane => lane.lastPushAt))
  const status = deriveStatus({
    now,
    enabled: account.enabled,
    reconnect: account.reconnect,
    liveCursor: live.length > 0 && live.every(lane => lane.cursor !== null),
    lastSyncAt,
    attempts: worst?.attempts ?? 0,
    nextAttemptAt: worst?.nextAttemptAt ?? null,
    lastError: worst?.error ?? null,
    listing: progress && { kind: progress.kind },
    watched: doorbells.length > 0,
    watch:
      complete && expiresAt !== null
        ? { expiresAt, lastPushAt, createdAt: latest(watches.map(watch => watch.createdAt)) ?? 0 }
        : null,
    // What has no doorbell is always found by a poll.
    missedPush: live.some(lane => lane.watch !== null && lane.missedPushAt !== null),
    failedItems,
    previous: old.status,
  })
  const counts = change.proof ?? old.proof
  const next: Account = {
    ...old,
    status,
    watchExpiresAt: expiresAt,
    progress,
    proof: counts && { ...counts, compared: comparedOf(state, accountId) },
    failedItems,
  }
  const quiet = (stored: number | null, seen: number | null) =>
    seen === null || stored === seen || (stored !== null && seen - stored < QUIET_MS)
  const unseen = same(old, next) && quiet(old.lastSyncAt, lastSyncAt) && quiet(old.lastPushAt, lastPushAt)
  if (unseen && !change.force) return
  user.accounts.set(accountId, { row: { ...next, lastSyncAt, lastPushAt }, seq: ++user.head })
}

const parsed = new WeakMap<ResourceState, { text: string; cursor: ListingCursor }>()
/** Each commit of an account asks for those of all its listings, of which it has moved at most one. */
function cursorOf(lane: ResourceState): ListingCursor {
  const text = lane.cursor ?? ''
  const known = parsed.get(lane)
  if (known?.text === text) return known.cursor
  const cursor = JSON.parse(text) as ListingCursor
  parsed.set(lane, { text, cursor })
  return cursor
}

const KINDS = ['resync', 'backfill', 'reconcile'] as const

function progressOf(lanes: ResourceState[]): Progress | null {
  const listings = lanes.filter(lane => lane.lane === 'listing' && lane.cursor !== null).map(cursorOf)
  if (listings.length === 0) return null
  return {
    kind: KINDS.find(kind => listings.some(each => each.kind === kind)) ?? 'backfill',
    done: listings.reduce((sum, each) => sum + each.done, 0),
    total: listings.every(each => each.total !== null)
      ? listings.reduce((sum, each) => sum + (each.total ?? 0), 0)
      : null,
    startedAt: Math.min(...listings.map(each => each.startedAt)),
  }
}

/** Of what is derived here. */
const same = (a: Account, b: Account): boolean =>
  a.watchExpiresAt === b.watchExpiresAt &&
  a.failedItems === b.failedItems &&
  alike(a.status, b.status) &&
  alike(a.progress, b.progress) &&
  (a.proof === b.proof ||
    alike(a.proof && { ...a.proof, compared: null }, b.proof && { ...b.proof, compared: null })) &&
  alike(a.proof?.compared ?? null, b.proof?.compared ?? null)

/** Of objects that hold no others. */
function alike(a: object | null, b: object | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every(name => one[name] === other[name])
}
const known = (times: (number | null)[]): number[] => times.filter(time => time !== null)
const latest = (times: (number | null)[]) => (known(times).length === 0 ? null : Math.max(...known(times)))
const earliest = (times: (number | null)[]) => (known(times).length === 0 ? null : Math.min(...known(times)))
