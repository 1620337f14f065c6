import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEnvironment } from '../../../scripts/start/environment.ts'
import { skippedNames } from '../../../scripts/test/suites.ts'
import { type Outcome, runBatch } from '../src/real/batch.ts'
import { KINDS, planOf, WITHOUT_IMAP } from '../src/real/plan.ts'
import { type Stack, startStack } from '../src/real/stack.ts'

/** Builds apps/web where nobody has yet. */
const START_MS = 10 * 60_000
const LIVE_MS = 4 * 60_000

let stack: Stack
const abort = new AbortController()
const imap = !skippedNames(readEnvironment().INLET_TEST_SKIP).has('imap')

beforeAll(async () => {
  stack = await startStack({ imap, say: () => {}, signal: abort.signal })
}, START_MS)
afterAll(async () => {
  abort.abort()
  await stack?.stop(true)
})

const found = (outcomes: Outcome[]) =>
  outcomes.flatMap(({ plan, found }) => found.map(text => `${plan.seed}: ${text}`))

test('a worker, a web server, Redis and the mail server end, and nothing is lost', {
  timeout: LIVE_MS,
}, async () => {
  const troubles = (['killWorker', 'killWeb', 'killRedis', 'restartServer'] as const).map((type, n) => ({
    at: 600 + n * 900,
    type,
    index: n % 2,
    forMs: 300,
  }))
  // Seeds that have much of everything: mail read, labelled, moved and deleted, letters sent, tabs that die. 5 has a
  // mailbox at Gmail and one at a mail server, 158 one at Outlook and one at the mail server.
  const kinds = imap ? KINDS : WITHOUT_IMAP
  const plans = [5, 158].map(seed => planOf(seed, 30, { durationMs: 4_000, kinds }))
  const outcomes = await runBatch(
    stack,
    { plans: plans.map((plan, n) => ({ ...plan, troubles: n === 0 ? troubles : [] })) },
    () => {},
    abort.signal,
  )
  expect(found(outcomes)).toEqual([])
  const lives = [...stack.webs, ...stack.workers, stack.redis].map(service => service.lives)
  expect(lives).toEqual([1, 2, 2, 1, 2])
})
