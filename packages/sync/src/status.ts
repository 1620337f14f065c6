import type { AccountStatus, Progress, StatusReason } from '@inlet/protocol/entities'

/** What is known of an account when its status is asked for. Times in epoch ms. */
export type StatusFacts = {
  now: number
  enabled: boolean
  /** Set when the provider said that only the person can mend the grant. */
  reconnect: { at: number; error: string } | null
  liveCursor: boolean
  lastSyncAt: number | null
  /** Consecutive failures of the live lane, and when it is tried again. */
  attempts: number
  nextAttemptAt: number | null
  lastError: { kind: string; message: string } | null
  listing: { kind: Progress['kind'] } | null
  /** Some resource has a doorbell; otherwise the account is polled, and nothing is amiss. */
  watched: boolean
  /** null: not all of the doorbells are registered. */
  watch: { expiresAt: number; lastPushAt: number | null; createdAt: number } | null
  /** A poll found what no push had announced, and none has come since. */
  missedPush: boolean
  failedItems: number
  previous: AccountStatus | null
}

export const COOL_DOWN_AFTER = 5
export const COOL_DOWN_MS = 30 * 60_000
/** After so long without a push the mailbox is polled as well: quiet and broken look alike until a poll has looked. */
export const SILENT_MS = 10 * 60_000
/** However often a survey says that a folder has nothing new, it is pulled after so long. */
export const SURVEYED_MS = 60 * 60_000

type Verdict = Pick<AccountStatus, 'state' | 'reason' | 'retryAt' | 'error'>

/**
 * Active, Degraded or Disconnected, with the reason that matters most. `since` is kept while state and reason stay.
 * A backfill of a healthy account is Active, and so is a comparison, which is routine: their progress is shown on its own.
 */
export function deriveStatus(facts: StatusFacts): AccountStatus {
  const verdict = judge(facts)
  const previous = facts.previous
  const same = previous && previous.state === verdict.state && previous.reason === verdict.reason
  return { ...verdict, since: same ? previous.since : facts.now }
}

function judge(facts: StatusFacts): Verdict {
  const because = (
    state: Verdict['state'],
    reason: StatusReason | null,
    more: Partial<Verdict> = {},
  ): Verdict => ({
    state,
    reason,
    retryAt: null,
    error: null,
    ...more,
  })
  if (facts.reconnect) return because('disconnected', 'reconnect_needed', { error: facts.reconnect.error })
  if (!facts.enabled) return because('disconnected', 'stopped')
  if (facts.attempts > 0) {
    const why = { retryAt: facts.nextAttemptAt, error: facts.lastError?.message ?? null }
    if (facts.attempts >= COOL_DOWN_AFTER) return because('degraded', 'cooling_down', why)
    if (facts.lastError?.kind === 'rate_limited') return because('degraded', 'throttled', why)
    if (facts.attempts > 1) return because('degraded', 'failing', why)
  }
  if (facts.listing?.kind === 'resync') return because('degraded', 'resyncing')
  if (!facts.liveCursor || facts.lastSyncAt === null) return because('degraded', 'never_synced')
  if (facts.watched && !facts.watch) return because('degraded', 'watch_missing')
  if (facts.watch && facts.watch.expiresAt <= facts.now) return because('degraded', 'watch_expired')
  if (facts.missedPush) return because('degraded', 'push_silent')
  if (facts.failedItems > 0) return because('degraded', 'failed_items')
  return because('active', facts.listing?.kind === 'backfill' ? 'backfilling' : null)
}
