import { expect, test } from 'vitest'
import { historyOf } from '../src/history.ts'
import { simulate } from '../src/simulation.ts'

test('the same seed gives the same trace, byte for byte', async () => {
  for (const seed of [3, 17, 4242]) {
    const first = await simulate(historyOf(seed, 40), { trace: true })
    // Another seed in between: nothing of one run is left over for the next.
    await simulate(historyOf(seed + 1, 40))
    const second = await simulate(historyOf(seed, 40), { trace: true })
    expect(first.trace.length).toBeGreaterThan(50)
    expect(second.hash).toBe(first.hash)
    expect(second.events).toBe(first.events)
  }
})

test('another seed gives another trace', async () => {
  const [a, b] = [
    await simulate(historyOf(1, 20), { trace: true }),
    await simulate(historyOf(2, 20), { trace: true }),
  ]
  expect(a.hash).not.toBe(b.hash)
})

test('watching does not change what happens', async () => {
  const history = historyOf(9, 40)
  expect((await simulate(history, { trace: true })).events).toBe((await simulate(history)).events)
})
