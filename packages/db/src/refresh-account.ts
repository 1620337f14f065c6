import type { AccountStatus, Compared, Progress, Proof } from '@inlet/protocol/entities'
import { deriveStatus, type StatusFacts } from '@inlet/sync/status'
import type { ListingCursor } from '@inlet/sync/store-port'
import type { LockedFeed } from './feed-row.ts'
import { accountFacts } from './sql/account-facts.ts'
import type { Tx } from './transaction.ts'

/** A sync that finds nothing moves lastSyncAt; the browser hears of it at most this often. */
const QUIET_MS = 30_000

type Lane = {
  lane: 'live' | 'listing'
  cursor: string | null
  attempts: number
  nextAttemptAt: number | null
  lastSyncedAt: number | null
  lastPushAt: number | null
  missedPushAt: number | null
  errorKind: string | null
  errorMessage: string | null
  watched: boolean
  watchExpiresAt: number | null
  watchCreatedAt: number | null
}
type Facts = {
  enabled: boolean
  reconnect: StatusFacts['reconnect']
  status: AccountStatus
  last_sync_at: number | null
  last_push_at: number | null
  watch_expires_at: number | null
  progress: Progress | null
  proof: Proof | null
  compared: Compared | null
  failed_items: number
  failing: number
  lanes: Lane[]
}

/**
 * Derives the account's row again, and writes it under a new seq if the browser would see a difference. The last step
 * of every transaction that changes what the status rests on. `force`: the row changed otherwise.
 */
export async function refreshAccount(
  tx: Tx,
  feed: LockedFeed,
  accountId: string,
  now: number,
  change: { force?: boolean; proof?: Omit<Proof, 'compared'> } = {},
): Promise<boolean> {
  const { rows } = await tx.query<Facts>(accountFacts, [accountId])
  const facts = rows[0]
  if (!facts) return false
  const live = facts.lanes.filter(lane => lane.lane === 'live')
  const next = {
    status: deriveStatus(statusFacts(facts, live, now)),
    watchExpiresAt: earliest(live.map(lane => lane.watchExpiresAt)),
    progress: progressOf(facts.lanes),
    proof: proofOf(change.proof ?? facts.proof, facts.compared),
    failedItems: facts.failing,
  }
  const lastSyncAt = latest(live.map(lane => lane.lastSyncedAt))
  const lastPushAt = latest(live.map(lane => lane.lastPushAt))
  const before = [facts.status, facts.watch_expires_at, facts.progress, facts.proof, facts.failed_items]
  const after = [next.status, next.watchExpiresAt, next.progress, next.proof, next.failedItems]
  const quiet = (stored: number | null, seen: number | null) =>
    seen === null || stored === seen || (stored !== null && seen - stored < QUIET_MS)
  const unseen =
    same(before, after) && quiet(facts.last_sync_at, lastSyncAt) && quiet(facts.last_push_at, lastPushAt)
  if (unseen && !change.force) return false
  tx.send(
    `UPDATE account SET status = $3, last_sync_at = $4, last_push_at = $5, watch_expires_at = $6, progress = $7,
            proof = $8, failed_items = $9, seq = $10
      WHERE user_id = $1 AND id = $2`,
    [
      feed.userId,
      accountId,
      JSON.stringify(next.status),
      lastSyncAt,
      lastPushAt,
      next.watchExpiresAt,
      next.progress && JSON.stringify(next.progress),
      next.proof && JSON.stringify(next.proof),
      next.failedItems,
      feed.take(1),
    ],
  )
  return true
}

function statusFacts(facts: Facts, live: Lane[], now: number): StatusFacts {
  const worst = live.reduce<Lane | null>((a, b) => (a === null || b.attempts > a.attempts ? b : a), null)
  const watched = live.filter(lane => lane.watched)
  const complete = watched.every(lane => lane.watchExpiresAt !== null)
  const expiresAt = earliest(watched.map(lane => lane.watchExpiresAt))
  const listing = progressOf(facts.lanes)
  return {
    now,
    enabled: facts.enabled,
    reconnect: facts.reconnect,
    liveCursor: live.length > 0 && live.every(lane => lane.cursor !== null),
    lastSyncAt: latest(live.map(lane => lane.lastSyncedAt)),
    attempts: worst?.attempts ?? 0,
    nextAttemptAt: worst?.nextAttemptAt ?? null,
    lastError: worst?.errorKind ? { kind: worst.errorKind, message: worst.errorMessage ?? '' } : null,
    listing: listing && { kind: listing.kind },
    watched: watched.length > 0,
    watch:
      complete && expiresAt !== null
        ? {
            expiresAt,
            lastPushAt: latest(live.map(lane => lane.lastPushAt)),
            createdAt: latest(live.map(lane => lane.watchCreatedAt)) ?? 0,
          }
        : null,
    // What has no doorbell is always found by a poll.
    missedPush: watched.some(lane => lane.missedPushAt !== null),
    failedItems: facts.failing,
    previous: facts.status,
  }
}

const proofOf = (counts: Omit<Proof, 'compared'> | null, compared: Compared | null): Proof | null =>
  counts && { ...counts, compared }

const KINDS = ['resync', 'backfill', 'reconcile'] as const

/** Of several listings the sum; the first of KINDS names the whole, being what the person should know. */
function progressOf(lanes: Lane[]): Progress | null {
  const listings = lanes
    .filter(lane => lane.lane === 'listing' && lane.cursor !== null)
    .map(lane => JSON.parse(lane.cursor ?? '') as ListingCursor)
  if (listings.length === 0) return null
  const total = listings.every(each => each.total !== null)
    ? listings.reduce((sum, each) => sum + (each.total ?? 0), 0)
    : null
  return {
    kind: KINDS.find(kind => listings.some(each => each.kind === kind)) ?? 'backfill',
    done: listings.reduce((sum, each) => sum + each.done, 0),
    total,
    startedAt: Math.min(...listings.map(each => each.startedAt)),
  }
}

const known = (times: (number | null)[]): number[] => times.filter(time => time !== null)
const latest = (times: (number | null)[]) => (known(times).length === 0 ? null : Math.max(...known(times)))
const earliest = (times: (number | null)[]) => (known(times).length === 0 ? null : Math.min(...known(times)))

/** jsonb gives keys back in an order of its own. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortKeys) === JSON.stringify(b, sortKeys)
}
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
