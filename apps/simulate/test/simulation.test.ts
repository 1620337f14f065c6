import { expect, test } from 'vitest'
import { explain } from '../src/explain.ts'
import { historyOf } from '../src/history.ts'
import { mutants } from '../src/mutants/all.ts'
import { simulate } from '../src/simulation.ts'
import { INVARIANTS } from '../src/violation.ts'

const OPERATIONS = 40
/** Seeds that nobody has chosen, in every run others: as many as a share of the test run's time allows, and these at least. */
const FRESH_FROM = Math.floor(Date.now() / 1_000)
const SHARE_MS = 25_000
const SEEDS_MIN = 20
const SEEDS_MAX = 200

test('at rest the provider, the store and every mirror are the same, and no invariant was broken on the way', async () => {
  const again = (seed: number) => `npm run simulate -- --seed ${seed} --ops ${OPERATIONS}`
  const began = performance.now()
  let lived = 0
  while (lived < SEEDS_MIN || (lived < SEEDS_MAX && performance.now() - began < SHARE_MS)) {
    const seed = FRESH_FROM + lived++
    const { failure } = await simulate(historyOf(seed, OPERATIONS))
    if (failure)
      expect.fail(`Seed ${seed}: ${failure.invariant}: ${failure.message}\nExplained by: ${again(seed)}`)
  }
  console.log(`Seeds ${FRESH_FROM} to ${FRESH_FROM + lived - 1}; one again: ${again(FRESH_FROM)}`)
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
    /expireCursors|onceListed|fleetingLabel|kind expired/,
  )
}, 60_000)

test('each invariant that this tier can see has a planted bug, and names are told apart', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(20)
  expect(new Set(mutants.map(mutant => mutant.name)).size).toBe(mutants.length)
  for (const invariant of INVARIANTS) expect(mutants.some(mutant => mutant.breaks === invariant)).toBe(true)
})
