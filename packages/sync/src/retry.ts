import { ProviderError, StaleLease } from './provider-errors.ts'
import { COOL_DOWN_AFTER, COOL_DOWN_MS } from './status.ts'
import type { RunEnd } from './store-port.ts'
import type { World } from './world.ts'

const BASE_MS = 2_000
const CAP_MS = 10 * 60_000

/** Full jitter: uniformly between 0 and the exponential bound, so that failed accounts do not come back together. */
export function backoffMs(attempts: number, random: number, base = BASE_MS, cap = CAP_MS): number {
  return Math.round(random * Math.min(cap, base * 2 ** Math.min(attempts, 30)))
}

/** When to try again after this failure. Looks at the kind only; Retry-After is a floor. */
export function nextAttempt(error: unknown, attempts: number, world: World): Extract<RunEnd, { ok: false }> {
  const now = world.now()
  if (error instanceof StaleLease)
    return { ok: false, kind: 'stale', message: error.message, nextAttemptAt: now, stale: true }
  const kind = error instanceof ProviderError ? error.kind : 'internal'
  const message = error instanceof Error ? error.message : String(error)
  const wait =
    attempts + 1 >= COOL_DOWN_AFTER && kind !== 'rate_limited'
      ? COOL_DOWN_MS
      : Math.max(1_000, backoffMs(attempts + 1, world.random()))
  const floor = error instanceof ProviderError ? (error.retryAt ?? 0) : 0
  return { ok: false, kind, message, nextAttemptAt: Math.max(now + wait, floor) }
}
