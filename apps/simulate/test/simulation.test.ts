import { expect, test } from 'vitest'
import { explain } from '../src/explain.ts'
import { historyOf } from '../src/history.ts'
import { mutants } from '../src/mutants/all.ts'
import { simulate } from '../src/simulation.ts'
import { INVARIANTS } from '../src/violation.ts'

/** The share of every test run; `npm run simulate -- --seeds N` takes seeds that nobody has chosen. */
const SEEDS = 100
const OPERATIONS = 40

test('at rest the provider, the store and every mirror are the same, and no invariant was broken on the way', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const history = historyOf(seed, OPERATIONS)
    const { failure } = await simulate(history)
    if (failure) expect.fail(await explain(history))
  }
}, 120_000)

test('a planted bug is noticed, and its history shrinks to one that still fails', async () => {
  const mutant = mutants.find(each => each.name === 'jump-to-now')
  if (!mutant) throw new Error('The planted bug jump-to-now is gone.')
  let caught = 0
  for (let seed = 1; seed <= 50 && caught === 0; seed++) {
    const { failure } = await simulate(historyOf(seed, OPERATIONS), { substitutes: mutant.substitutes })
    if (failure) caught = seed
  }
  expect(caught).toBeGreaterThan(0)
  expect((await simulate(historyOf(caught, OPERATIONS))).failure).toBeNull()
  expect(await explain(historyOf(caught, OPERATIONS), mutant.substitutes)).toMatch(
    /expireCursors|kind expired/,
  )
}, 60_000)

test('each invariant that this tier can see has a planted bug, and names are told apart', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(20)
  expect(new Set(mutants.map(mutant => mutant.name)).size).toBe(mutants.length)
  for (const invariant of INVARIANTS) expect(mutants.some(mutant => mutant.breaks === invariant)).toBe(true)
})
