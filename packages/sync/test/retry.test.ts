import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProviderError, StaleLease } from '../src/provider-errors.ts'
import { backoffMs, nextAttempt } from '../src/retry.ts'
import { COOL_DOWN_MS } from '../src/status.ts'
import type { World } from '../src/world.ts'

const world = (random: number): World => ({ now: () => 1_000, random: () => random, sleep: async () => {} })

describe('when a failed run is tried again', () => {
  it('backs off exponentially with full jitter, within its cap', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempts, random) => {
        const wait = backoffMs(attempts, random)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(Math.min(600_000, 2_000 * 2 ** attempts))
      }),
    )
  })

  it('never before the provider’s Retry-After', () => {
    const error = new ProviderError('rate_limited', 'slow down', { retryAt: 99_000 })
    expect(nextAttempt(error, 0, world(0)).nextAttemptAt).toBe(99_000)
  })

  it('after the cool-down from the fifth consecutive failure on', () => {
    const error = new ProviderError('transient', 'no answer')
    expect(nextAttempt(error, 3, world(0.5)).nextAttemptAt).toBeLessThan(1_000 + 600_000)
    expect(nextAttempt(error, 4, world(0.5)).nextAttemptAt).toBe(1_000 + COOL_DOWN_MS)
  })

  it('does not count a lost lease as a failure of the account', () => {
    expect(nextAttempt(new StaleLease('r'), 2, world(0.5)).stale).toBe(true)
  })
})
