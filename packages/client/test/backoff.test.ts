import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoff, RETRY } from '../src/backoff.ts'
import { nextPace, POLL_MAX_MS, POLL_MIN_MS, pollWait } from '../src/poll-pace.ts'

const random = fc.double({ min: 0, max: 0.999999, noNaN: true })

describe('backoff', () => {
  it('doubles its ceiling up to the maximum and never leaves it', () => {
    fc.assert(
      fc.property(fc.nat(5_000), random, (attempt, dice) => {
        const wait = backoff(RETRY, attempt, dice)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(Math.min(60_000, 1_000 * 2 ** attempt))
      }),
    )
  })
  it('waits out Retry-After first', () => {
    expect(backoff(RETRY, 0, 0.5, 10_000)).toBe(10_500)
  })
})

describe('the pace of polling', () => {
  it('grows from 2 s to 30 s while quiet or failing, and is quick again after news', () => {
    const paces = [POLL_MIN_MS]
    for (let i = 0; i < 10; i++) paces.push(nextPace(paces.at(-1) ?? 0, i % 2 ? 'quiet' : 'failed'))
    expect(paces).toEqual([...paces].sort((a, b) => a - b))
    expect(paces.at(-1)).toBe(POLL_MAX_MS)
    expect(nextPace(POLL_MAX_MS, 'changed')).toBe(POLL_MIN_MS)
  })
  it('spreads each wait over the second half of the pace', () => {
    fc.assert(
      fc.property(random, dice => {
        expect(pollWait(10_000, dice)).toBeGreaterThanOrEqual(5_000)
        expect(pollWait(10_000, dice)).toBeLessThanOrEqual(10_000)
      }),
    )
  })
})
