import type { World } from '@inlet/sync/world'
import { type RateLimiter, type RateRule, type RateVerdict, retryAfterS } from './rate-limit.ts'

interface Count {
  window: number
  current: number
  previous: number
}

/**
 * A sliding window within this process: the previous window counts with the share of it that still overlaps.
 * Holds at most `maxKeys`, forgetting the one unused for longest.
 */
export function memoryLimiter(
  rule: RateRule,
  world: World,
  maxKeys = 10_000,
): RateLimiter & { take(key: string): RateVerdict } {
  const counts = new Map<string, Count>()

  const take = (key: string): RateVerdict => {
    const now = world.now()
    const window = Math.floor(now / rule.windowMs)
    const count = moveTo(counts.get(key), window)
    // Taken out and put back: a Map keeps the order of insertion, so the first key is the one unused for longest.
    counts.delete(key)
    counts.set(key, count)
    if (counts.size > maxKeys)
      for (const oldest of counts.keys()) {
        counts.delete(oldest)
        break
      }
    const passed = (now % rule.windowMs) / rule.windowMs
    const used = Math.floor(count.previous * (1 - passed)) + count.current
    const ok = used < rule.limit
    if (ok) count.current++
    return {
      ok,
      limit: rule.limit,
      remaining: Math.max(0, rule.limit - used - (ok ? 1 : 0)),
      retryAfterS: retryAfterS(ok, (window + 1) * rule.windowMs, now),
    }
  }
  return { take, limit: async key => take(key) }
}

function moveTo(count: Count | undefined, window: number): Count {
  if (count === undefined) return { window, current: 0, previous: 0 }
  if (count.window === window) return count
  return { window, current: 0, previous: count.window === window - 1 ? count.current : 0 }
}
