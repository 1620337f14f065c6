import { expect, test } from 'vitest'
import type { Engine } from '../src/engine.ts'
import { Runner } from '../src/runner.ts'
import type { Claim } from '../src/store-port.ts'

/** How many lanes a runner is given each time it claims, of so many that are due, until all it can do is wait. */
async function claimsOf(due: number): Promise<number[]> {
  const claims: number[] = []
  const stopping = new AbortController()
  let left = due
  const claim = { lane: 'listing', cursor: null, provider: 'gmail', lease: {} } as Claim
  const engine = {
    store: {
      claimDue: async ({ limit }: { limit: number }) => {
        const given = Math.min(left, limit)
        left -= given
        claims.push(given)
        return Array.from({ length: given }, () => claim)
      },
      finish: () => new Promise(() => {}),
    },
    bus: { subscribe: () => () => {} },
    providers: new Map([['gmail', { port: {} }]]),
    world: {
      now: () => 0,
      random: () => 0,
      sleep: (ms: number) => {
        if (ms === 1_000) stopping.abort(new Error('It waits.'))
        return new Promise(() => {})
      },
    },
  } as unknown as Engine
  void new Runner(engine, { concurrency: 40 }).run(stopping.signal)
  await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }))
  return claims
}

test('who got fewer lanes than they asked for does not ask again before something is due', async () => {
  expect(await claimsOf(0)).toEqual([0])
  expect(await claimsOf(3)).toEqual([3])
  expect(await claimsOf(23)).toEqual([20, 3])
})
