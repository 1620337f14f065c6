import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Breaker } from '../src/breaker.ts'
import { memoryLimiter } from '../src/rate-limit-memory.ts'
import { FakeWorld } from './fake-world.ts'

const rule = { name: 'test', limit: 3, windowMs: 10_000 }

test('it allows the limit, refuses the next with a time to wait, and keeps keys apart', async () => {
  const limiter = memoryLimiter(rule, new FakeWorld())
  for (const remaining of [2, 1, 0])
    expect(await limiter.limit('a')).toEqual({ ok: true, limit: 3, remaining, retryAfterS: 0 })
  const refused = await limiter.limit('a')
  expect(refused).toMatchObject({ ok: false, limit: 3, remaining: 0 })
  expect(refused.retryAfterS).toBeGreaterThanOrEqual(1)
  expect(refused.retryAfterS).toBeLessThanOrEqual(10)
  expect((await limiter.limit('b')).ok).toBe(true)
})

test('two windows later everything is allowed again', async () => {
  const world = new FakeWorld()
  const limiter = memoryLimiter(rule, world)
  for (let i = 0; i < 5; i++) await limiter.limit('a')
  await world.advance(20_000)
  expect((await limiter.limit('a')).remaining).toBe(2)
})

test('no span of one window lets more than the limit and its share of the window before through', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3_000), { minLength: 1, maxLength: 60, size: 'max' }), async pauses => {
      const world = new FakeWorld()
      const limiter = memoryLimiter(rule, world)
      const passed: number[] = []
      for (const pause of pauses) {
        await world.advance(pause)
        if ((await limiter.limit('a')).ok) passed.push(world.now())
      }
      for (const from of passed)
        expect(passed.filter(at => at >= from && at < from + rule.windowMs).length).toBeLessThanOrEqual(
          2 * rule.limit - 1,
        )
      for (const from of passed) {
        const window = Math.floor(from / rule.windowMs)
        const inWindow = passed.filter(at => Math.floor(at / rule.windowMs) === window)
        expect(inWindow.length).toBeLessThanOrEqual(rule.limit)
      }
    }),
    { numRuns: 40 },
  )
})

test('it remembers so many keys only, and forgets the one unused for longest', async () => {
  const limiter = memoryLimiter(rule, new FakeWorld(), 2)
  for (let i = 0; i < 3; i++) await limiter.limit('a')
  await limiter.limit('b')
  expect((await limiter.limit('a')).ok).toBe(false)
  await limiter.limit('c')
  expect((await limiter.limit('a')).ok).toBe(false)
  expect((await limiter.limit('b')).remaining).toBe(2)
})

test('the breaker refuses after failures in a row, then lets one call through to find out', async () => {
  const world = new FakeWorld()
  const breaker = new Breaker(world, 2, 1_000)
  for (let i = 0; i < 2; i++) {
    expect(breaker.admits()).toBe(true)
    breaker.failed()
  }
  expect(breaker.admits()).toBe(false)
  await world.advance(1_000)
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false])
  breaker.failed()
  expect(breaker.admits()).toBe(false)
  await world.advance(1_000)
  expect(breaker.admits()).toBe(true)
  breaker.succeeded()
  expect([breaker.admits(), breaker.admits()]).toEqual([true, true])
})
