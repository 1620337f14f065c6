import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createPacer, DEFAULT_LIMITS, type PaceLimits, type Pacer } from '../src/pacing.ts'
import { ProviderError } from '../src/provider-errors.ts'
import type { Priority } from '../src/provider-port.ts'
import type { World } from '../src/world.ts'

/** Time that moves only when everything has come to rest, straight to the next sleeper. */
function virtualWorld() {
  let now = 1_000_000
  const sleepers = new Set<{ at: number; wake: () => void }>()
  const world: World = {
    now: () => now,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = { at: now + Math.max(0, ms), wake: () => resolve() }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason)
        })
      }),
  }
  const settle = async () => {
    for (let i = 0; i < 30; i++) await Promise.resolve()
  }
  async function runUntil(end: number) {
    for (;;) {
      await settle()
      const next = [...sleepers].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) break
      sleepers.delete(next)
      now = Math.max(now, next.at)
      next.wake()
    }
    now = Math.max(now, end)
    await settle()
  }
  return { world, runUntil, settle }
}

const limits = (unitsPerMinute: number | null, more: Partial<PaceLimits> = {}): PaceLimits => ({
  ...DEFAULT_LIMITS,
  maxWaitMs: 3_600_000,
  unitsPerMinute,
  ...more,
})
const never = new AbortController().signal

type Spent = { at: number; units: number; waited: number; priority: Priority }

/** A caller that asks again as soon as it was served. */
async function greedy(
  pacer: Pacer,
  world: World,
  units: number,
  priority: Priority,
  log: Spent[],
  signal: AbortSignal,
) {
  while (!signal.aborted) {
    const asked = world.now()
    const turn = await pacer.turn(units, priority, signal).catch(() => null)
    if (!turn) return
    log.push({ at: world.now(), units, waited: world.now() - asked, priority })
    turn.succeeded()
  }
}

function busiestMinute(log: Spent[]): number {
  let most = 0
  for (let first = 0, last = 0, sum = 0; last < log.length; last++) {
    sum += log[last]?.units ?? 0
    while ((log[last]?.at ?? 0) - (log[first]?.at ?? 0) >= 60_000) sum -= log[first++]?.units ?? 0
    most = Math.max(most, sum)
  }
  return most
}

describe('an account’s budget', () => {
  test('is never exceeded in any minute, whoever asks for what and whenever', async () => {
    const request = fc.record({
      gap: fc.double({ min: 0, max: 1, noNaN: true }),
      units: fc.constantFrom(1, 2, 5, 20, 50, 100),
      priority: fc.constantFrom<Priority>('interactive', 'live', 'backfill'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 100, maxLength: 400, size: 'max' }),
        fc.constantFrom(4_000, 6_000, 15_000),
        // From everything at once to one every few seconds.
        fc.constantFrom(0, 20, 400, 4_000),
        async (requests, budget, pause) => {
          const { world, runUntil } = virtualWorld()
          const pacer = createPacer(limits(budget), world)
          const log: Spent[] = []
          for (const { gap, units, priority } of requests) {
            await runUntil(world.now() + Math.round(gap * pause))
            pacer.turn(units, priority, never).then(turn => {
              log.push({ at: world.now(), units, waited: 0, priority })
              turn.succeeded()
            })
          }
          await runUntil(world.now() + 600_000)
          expect(log).toHaveLength(requests.length)
          expect(busiestMinute(log)).toBeLessThanOrEqual(budget)
        },
      ),
      // A hundred requests at least: making a failure smaller takes minutes and shows no more.
      { numRuns: 60, endOnFailure: true },
    )
  })

  test('is used to 97 % and more when there is always work', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    const stop = new AbortController()
    const log: Spent[] = []
    for (let i = 0; i < 8; i++) void greedy(pacer, world, 20, 'backfill', log, stop.signal)
    const start = world.now()
    await runUntil(start + 600_000)
    stop.abort()
    const spent = log.filter(each => each.at >= start + 60_000).reduce((sum, each) => sum + each.units, 0)
    expect(spent).toBeGreaterThanOrEqual(6_000 * 9 * 0.97)
    expect(busiestMinute(log)).toBeLessThanOrEqual(6_000)
  })

  test('lets live go at once while a backfill takes all it can, and interactive too', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    const stop = new AbortController()
    const log: Spent[] = []
    for (let i = 0; i < 8; i++) void greedy(pacer, world, 20, 'backfill', log, stop.signal)
    const urgent: Spent[] = []
    for (let i = 0; i < 100; i++) {
      await runUntil(world.now() + 1_500)
      const asked = world.now()
      const priority = i % 2 ? 'live' : 'interactive'
      pacer.turn(20, priority, never).then(turn => {
        urgent.push({ at: world.now(), units: 20, waited: world.now() - asked, priority })
        turn.succeeded()
      })
    }
    await runUntil(world.now() + 10_000)
    stop.abort()
    expect(urgent).toHaveLength(100)
    expect(Math.max(...urgent.map(each => each.waited))).toBe(0)
  })

  test('keeps an interactive wait under a second when live work is endless', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    const stop = new AbortController()
    const log: Spent[] = []
    for (let i = 0; i < 8; i++) void greedy(pacer, world, 20, 'live', log, stop.signal)
    await runUntil(world.now() + 60_000)
    const waits: number[] = []
    for (let i = 0; i < 20; i++) {
      const asked = world.now()
      pacer.turn(20, 'interactive', never).then(() => waits.push(world.now() - asked))
      await runUntil(world.now() + 2_000)
    }
    stop.abort()
    expect(waits).toHaveLength(20)
    expect(Math.max(...waits)).toBeLessThan(1_000)
  })

  test('serves by priority, then by arrival', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(600), world)
    const order: string[] = []
    await pacer.turn(15, 'interactive', never)
    const ask = (name: string, priority: Priority) =>
      pacer.turn(5, priority, never).then(() => order.push(name))
    void ask('backfill 1', 'backfill')
    void ask('live 1', 'live')
    void ask('live 2', 'live')
    void ask('interactive', 'interactive')
    await runUntil(world.now() + 60_000)
    expect(order).toEqual(['interactive', 'live 1', 'live 2', 'backfill 1'])
  })
})

describe('a refusal', () => {
  test('halves the pace once for all that was under way, and obeys Retry-After as a floor', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    const turns = await Promise.all([1, 2, 3].map(() => pacer.turn(20, 'live', never)))
    const retryAt = world.now() + 5_000
    for (const turn of turns) expect(turn.refused(retryAt)).toBe(retryAt)
    expect(pacer.state().share).toBe(0.5)
    let served = 0
    pacer.turn(1, 'interactive', never).then(() => {
      served = world.now()
    })
    await runUntil(retryAt - 1)
    expect(served).toBe(0)
    await runUntil(retryAt + 1_000)
    expect(served).toBeGreaterThanOrEqual(retryAt)
  })

  test('without Retry-After backs off further each time, and success ends the series', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      const turn = pacer.turn(1, 'live', never)
      await runUntil(world.now() + 40_000)
      const until = (await turn).refused(null)
      waits.push(until - world.now())
    }
    expect(waits).toEqual([1_500, 2_500, 4_500, 8_500])
    const turn = pacer.turn(1, 'live', never)
    await runUntil(world.now() + 40_000)
    ;(await turn).succeeded()
    expect(pacer.state().refusals).toBe(0)
  })

  test('is forgotten: the pace creeps back to the whole budget', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    ;(await pacer.turn(20, 'live', never)).refused(null)
    const stop = new AbortController()
    const log: Spent[] = []
    for (let i = 0; i < 4; i++) void greedy(pacer, world, 20, 'backfill', log, stop.signal)
    await runUntil(world.now() + 600_000)
    stop.abort()
    expect(pacer.state().share).toBe(1)
  })

  test('never takes the pace below a sixteenth', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(6_000), world)
    for (let i = 0; i < 10; i++) {
      const turn = pacer.turn(1, 'interactive', never)
      await runUntil(world.now() + 120_000)
      ;(await turn).refused(null)
    }
    expect(pacer.state().share).toBe(1 / 16)
  })

  test('holds everybody even where the budget is unlimited', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(null), world)
    const until = (await pacer.turn(1_000_000, 'backfill', never)).refused(world.now() + 3_000)
    let served = 0
    pacer.turn(1, 'live', never).then(() => {
      served = world.now()
    })
    await runUntil(world.now() + 10_000)
    expect(served).toBe(until)
  })
})

describe('waiting', () => {
  test('ends with the signal’s reason, and the place in the queue goes to the next', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(600), world)
    await pacer.turn(15, 'interactive', never)
    const leave = new AbortController()
    const first = pacer.turn(15, 'interactive', leave.signal)
    const second = pacer.turn(1, 'interactive', never)
    leave.abort(new Error('closed'))
    await expect(first).rejects.toThrow('closed')
    expect(pacer.waiting()).toBe(1)
    await runUntil(world.now() + 60_000)
    await expect(second).resolves.toBeDefined()
    expect(pacer.waiting()).toBe(0)
  })

  test('that would be too long is refused at once with the time to come back', async () => {
    const { world } = virtualWorld()
    const pacer = createPacer(limits(6_000, { maxWaitMs: 10_000 }), world)
    const until = (await pacer.turn(1, 'live', never)).refused(world.now() + 60_000)
    const error = await pacer.turn(1, 'live', never).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ProviderError)
    expect(error).toMatchObject({ kind: 'rate_limited' })
    expect((error as ProviderError).retryAt).toBeGreaterThanOrEqual(until)
  })

  test('that becomes too long ends too: no wait outlives its bound', async () => {
    const { world, runUntil } = virtualWorld()
    const pacer = createPacer(limits(600, { maxWaitMs: 10_000 }), world)
    const stop = new AbortController()
    void greedy(pacer, world, 5, 'interactive', [], stop.signal)
    void greedy(pacer, world, 5, 'interactive', [], stop.signal)
    const asked = world.now()
    let failedAt = 0
    pacer.turn(5, 'backfill', never).catch(() => {
      failedAt = world.now()
    })
    await runUntil(asked + 30_000)
    stop.abort()
    expect(failedAt - asked).toBeGreaterThanOrEqual(10_000)
    expect(failedAt - asked).toBeLessThan(11_000)
  })

  test('is bounded in number', async () => {
    const { world } = virtualWorld()
    const pacer = createPacer(limits(600, { maxWaiting: 3 }), world)
    await pacer.turn(15, 'interactive', never)
    const waiting = [1, 2, 3].map(() => pacer.turn(15, 'interactive', never))
    await expect(pacer.turn(15, 'interactive', never)).rejects.toMatchObject({ kind: 'rate_limited' })
    expect(pacer.waiting()).toBe(waiting.length)
  })
})
