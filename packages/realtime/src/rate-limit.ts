/** At most `limit` in any span of `windowMs`, for each key. `name` keeps the keys of different rules apart. */
export interface RateRule {
  name: string
  limit: number
  windowMs: number
}

export interface RateVerdict {
  ok: boolean
  limit: number
  /** How many more are allowed now. */
  remaining: number
  /** Whole seconds to wait, for Retry-After; 0 when ok. */
  retryAfterS: number
}

/**
 * Counts one use of `key` and says whether it is within the rule. Never rejects, and never lets everything
 * through: while Redis is down or slow each process counts by itself. An aborted signal ends the wait for Redis.
 */
export interface RateLimiter {
  limit(key: string, signal?: AbortSignal): Promise<RateVerdict>
}

/** The verdict's last field: from an instant of the clock at which to ask again. */
export function retryAfterS(ok: boolean, resetAt: number, now: number): number {
  return ok ? 0 : Math.max(1, Math.ceil((resetAt - now) / 1000))
}
