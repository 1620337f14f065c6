export interface Backoff {
  baseMs: number
  maxMs: number
}

/** Of the stream, of refills and of the outbox. */
export const RETRY: Backoff = { baseMs: 1_000, maxMs: 60_000 }

/**
 * Exponential backoff with full jitter: uniform between 0 and min(max, base × 2^attempt), so that the clients of
 * a server that restarts come back spread out. Attempts count from 0. `floorMs` (Retry-After) is waited out first.
 */
export function backoff(
  { baseMs, maxMs }: Backoff,
  attempt: number,
  random: number,
  floorMs: number | null = null,
): number {
  // 2^30 × 1 s is past any maximum; beyond 2^1023 it would be Infinity × 0 = NaN.
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30))
  return Math.round((floorMs ?? 0) + random * ceiling)
}
