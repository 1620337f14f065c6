import { ProviderError } from './provider-errors.ts'
import type { Priority } from './provider-port.ts'
import type { World } from './world.ts'

/**
 * A provider's budget for one account, in its own units: a token bucket that halves when the provider says stop and
 * creeps up again while it says yes. The functions below are pure; `createPacer` gives them a queue and a clock.
 */
export type PaceLimits = {
  /** Units the provider allows per minute. null: unlimited (only a provider's "stop" holds anyone up). */
  unitsPerMinute: number | null
  /** Longest wait for a turn, ms; beyond it the caller is told `rate_limited` with the time to come back. */
  maxWaitMs: number
  /** Most waiters at a time; one more is told `rate_limited` at once (I13). */
  maxWaiting: number
}

export const DEFAULT_LIMITS: PaceLimits = { unitsPerMinute: null, maxWaitMs: 60_000, maxWaiting: 1_000 }

export type Pace = {
  readonly tokens: number
  /** When `tokens` was right, epoch ms. */
  readonly at: number
  /** Share of the budget in use, LEAST_SHARE..1. */
  readonly share: number
  /** Nobody starts before this moment: Retry-After, or our own backoff. */
  readonly blockedUntil: number
  /** When the share was last halved. A refusal of a request that started before it is the same incident. */
  readonly halvedAt: number
  /** Refusals since the last success. */
  readonly refusals: number
}

/**
 * The bucket holds 2.5 % of a minute's budget and refills at the rest's pace, so that a full bucket and a minute's
 * refill together are the budget: no window of 60 s ever exceeds it, and steady use reaches 97.5 % of it.
 */
const BURST_SHARE = 0.025
const LEAST_SHARE = 1 / 16
/** Spending this many minutes' full budgets without a refusal takes the share from 0 to 1. */
const RECOVERY_MINUTES = 3
const BACKOFF_BASE_MS = 1_000
const BACKOFF_CAP_MS = 64_000

/** Share of the bucket that a priority leaves untouched, so that whoever is more urgent finds something there. */
const RESERVE: Record<Priority, number> = { interactive: 0, live: 0.25, backfill: 0.5 }
const RANK: Record<Priority, number> = { interactive: 0, live: 1, backfill: 2 }

export function startPace(limits: PaceLimits, now: number): Pace {
  const tokens = capacity(limits)
  return { tokens, at: now, share: 1, blockedUntil: 0, halvedAt: Number.NEGATIVE_INFINITY, refusals: 0 }
}

/** Ms until `units` may be spent at this priority; 0: now. What costs more than the bucket holds needs a full one. */
export function waitFor(
  pace: Pace,
  limits: PaceLimits,
  units: number,
  priority: Priority,
  now: number,
): number {
  const blocked = Math.max(0, pace.blockedUntil - now)
  if (limits.unitsPerMinute === null) return blocked
  const full = capacity(limits)
  const needed = Math.min(full, units + RESERVE[priority] * full)
  const from = now + blocked
  const missing = needed - refilled(pace, limits, from).tokens
  return missing <= 1e-9 ? blocked : blocked + Math.ceil(missing / ratePerMs(pace, limits))
}

/** Only after `waitFor` has answered 0. */
export function spend(pace: Pace, limits: PaceLimits, units: number, now: number): Pace {
  const current = refilled(pace, limits, now)
  return limits.unitsPerMinute === null ? current : { ...current, tokens: current.tokens - units }
}

/** The provider answered: the share creeps up by what was spent. */
export function succeeded(pace: Pace, limits: PaceLimits, units: number, now: number): Pace {
  const current = refilled(pace, limits, now)
  const step = limits.unitsPerMinute === null ? 0 : units / (limits.unitsPerMinute * RECOVERY_MINUTES)
  return { ...current, share: Math.min(1, current.share + step), refusals: 0 }
}

/**
 * The provider refused a request that started at `startedAt`. `retryAt` is its own floor (Retry-After), if it gave one;
 * without one we back off exponentially. Requests that were already under way do not halve the share again.
 */
export function refused(
  pace: Pace,
  limits: PaceLimits,
  refusal: { startedAt: number; retryAt: number | null; random: number },
  now: number,
): Pace {
  const current = refilled(pace, limits, now)
  const fresh = refusal.startedAt > current.halvedAt
  const refusals = fresh ? current.refusals + 1 : current.refusals
  const backoff =
    Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(refusals - 1, 10)) + refusal.random * 1_000
  const floor = Math.max(
    refusal.retryAt ?? 0,
    fresh && refusal.retryAt === null ? Math.ceil(now + backoff) : 0,
  )
  return {
    ...current,
    tokens: Math.min(current.tokens, 0),
    share: fresh ? Math.max(LEAST_SHARE, current.share / 2) : current.share,
    halvedAt: fresh ? now : current.halvedAt,
    blockedUntil: Math.max(current.blockedUntil, floor),
    refusals,
  }
}

function capacity(limits: PaceLimits): number {
  return limits.unitsPerMinute === null ? Number.POSITIVE_INFINITY : limits.unitsPerMinute * BURST_SHARE
}

function ratePerMs(pace: Pace, limits: PaceLimits): number {
  return ((limits.unitsPerMinute ?? 0) * (1 - BURST_SHARE) * pace.share) / 60_000
}

function refilled(pace: Pace, limits: PaceLimits, now: number): Pace {
  if (limits.unitsPerMinute === null || now <= pace.at) return pace
  const tokens = Math.min(capacity(limits), pace.tokens + (now - pace.at) * ratePerMs(pace, limits))
  return { ...pace, tokens, at: now }
}

/** A turn that was granted. Say how it ended exactly once; a turn that is neither (a network fault) says nothing. */
export type Turn = {
  succeeded(): void
  /** Returns the epoch ms before which trying again is pointless. */
  refused(retryAt: number | null): number
}

export type Pacer = {
  /**
   * Waits for `units`: interactive before live before backfill, first come first served within each. Throws
   * ProviderError `rate_limited` (with `retryAt`) when the wait is or becomes longer than `maxWaitMs` or the queue is
   * full, and the signal's reason when aborted.
   */
  turn(units: number, priority: Priority, signal: AbortSignal): Promise<Turn>
  state(): Pace
  waiting(): number
}

type Waiter = {
  units: number
  priority: Priority
  since: number
  grant: (turn: Turn) => void
  fail: (error: unknown) => void
}

export function createPacer(limits: PaceLimits, world: World): Pacer {
  let pace = startPace(limits, world.now())
  const queues: [Waiter[], Waiter[], Waiter[]] = [[], [], []]
  let alarm: AbortController | null = null

  const waiting = () => queues[0].length + queues[1].length + queues[2].length

  function grantTurn(units: number): Turn {
    const startedAt = world.now()
    pace = spend(pace, limits, units, startedAt)
    return {
      succeeded: () => {
        pace = succeeded(pace, limits, units, world.now())
      },
      refused: retryAt => {
        pace = refused(pace, limits, { startedAt, retryAt, random: world.random() }, world.now())
        serve()
        return pace.blockedUntil
      },
    }
  }

  /** Grants whoever may go now, then sleeps until the next one may. Strictly by rank: a cheap request never overtakes. */
  function serve(): void {
    alarm?.abort()
    alarm = null
    for (;;) {
      const queue = queues.find(each => each.length > 0)
      const next = queue?.[0]
      if (!queue || !next) return
      const now = world.now()
      const wait = waitFor(pace, limits, next.units, next.priority, now)
      if (wait > 0) {
        expire(now, wait)
        if (waiting() > 0) wakeIn(Math.min(wait, nextExpiry(now)))
        return
      }
      queue.shift()
      next.grant(grantTurn(next.units))
    }
  }

  /** Lets go of those who have waited long enough. */
  function expire(now: number, wait: number): void {
    for (const queue of queues) {
      for (let at = queue.length - 1; at >= 0; at--) {
        const waiter = queue[at]
        if (!waiter || now - waiter.since < limits.maxWaitMs) continue
        queue.splice(at, 1)
        waiter.fail(tooLong(now + wait, `no turn came within ${limits.maxWaitMs} ms`))
      }
    }
  }

  function nextExpiry(now: number): number {
    const oldest = Math.min(...queues.flatMap(queue => queue.slice(0, 1).map(waiter => waiter.since)))
    return Math.max(1, oldest + limits.maxWaitMs - now)
  }

  function wakeIn(ms: number): void {
    const mine = new AbortController()
    alarm = mine
    world.sleep(ms, mine.signal).then(
      () => {
        if (alarm === mine) serve()
      },
      () => {},
    )
  }

  return {
    state: () => pace,
    waiting,
    turn(units, priority, signal) {
      return new Promise<Turn>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const now = world.now()
        const wait = waitFor(pace, limits, units, priority, now)
        const queue = queues[RANK[priority]] ?? queues[2]
        if (wait === 0 && !queues.some((each, rank) => rank <= RANK[priority] && each.length > 0))
          return resolve(grantTurn(units))
        if (wait > limits.maxWaitMs) return reject(tooLong(now + wait, `the next turn is ${wait} ms away`))
        if (waiting() >= limits.maxWaiting)
          return reject(
            tooLong(now + Math.max(wait, 1_000), `${limits.maxWaiting} requests are waiting already`),
          )
        const leave = () => {
          const at = queue.indexOf(waiter)
          if (at >= 0) queue.splice(at, 1)
          reject(signal.reason)
          serve()
        }
        const settle = <T>(then: (value: T) => void) => {
          return (value: T) => {
            signal.removeEventListener('abort', leave)
            then(value)
          }
        }
        const waiter: Waiter = { units, priority, since: now, grant: settle(resolve), fail: settle(reject) }
        signal.addEventListener('abort', leave, { once: true })
        queue.push(waiter)
        serve()
      })
    },
  }
}

function tooLong(retryAt: number, why: string): ProviderError {
  return new ProviderError('rate_limited', `The provider's budget for this account is used up: ${why}.`, {
    retryAt,
  })
}
