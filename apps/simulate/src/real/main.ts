import { readEnvironment } from '../../../../scripts/start/environment.ts'
import { explain, StartError } from '../../../../scripts/start/errors.ts'
import { prepareMachine } from '../../../../scripts/test/machine.ts'
import { dovecot, redis, skippedNames } from '../../../../scripts/test/suites.ts'
import { type Outcome, runBatch, troublesOf } from './batch.ts'
import { chooseBugs, runMutants } from './mutants.ts'
import { describe, KINDS, type Plan, planOf, WITHOUT_IMAP } from './plan.ts'
import { type Stack, startStack } from './stack.ts'

export type RealOptions = {
  from: number
  count: number
  operations: number
  mutants: boolean
  /** Of the mutants. */
  only: string | null
}

/** Seeds that live on one stack at once. Batches begin at 1, 1 + AT_ONCE …, so that a run of some seeds has the batches of all. */
const AT_ONCE = 10
const SHOWN = 20

/** The tier of real parts. Answers how many seeds passed and how many failed. */
export async function runReal({
  from,
  count,
  operations,
  mutants,
  only,
}: RealOptions): Promise<{ passed: number; failed: number }> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => abort.abort(new Error(`Stopped by ${name}.`)))
  const began = Date.now()
  const say = (text: string) =>
    console.log(`${((Date.now() - began) / 1_000).toFixed(1).padStart(7)} s  ${text}`)
  let [passed, failed] = [0, 0]
  let stack: Stack | null = null
  try {
    const left = skippedNames(readEnvironment().INLET_TEST_SKIP).has('imap')
    const imap = !left
    const chosen = mutants ? await chooseBugs(only, imap) : null
    if (left) say('without mailboxes at a mail server: imap is left out by INLET_TEST_SKIP')
    const needs = imap ? [redis, dovecot] : [redis]
    for (const problem of (await prepareMachine([{ name: 'real', files: [], needs }])).values())
      throw new StartError(
        `The real tier ${problem}${imap ? ' INLET_TEST_SKIP=imap does without Dovecot.' : ''}`,
      )
    say(`starting Postgres, Redis, the sandbox,${imap ? ' Dovecot,' : ''} two web servers, two workers`)
    stack = await startStack({ imap, say, signal: abort.signal })
    if (chosen) {
      const result = await runMutants({ stack, operations, say, signal: abort.signal }, chosen)
      failed = result.failed
      return result
    }
    const kinds = imap ? KINDS : WITHOUT_IMAP
    const plans = Array.from({ length: count }, (_, n) => planOf(from + n, operations, { kinds }))
    for (const batch of batchesOf(plans)) {
      const [first, last] = [batch[0]?.seed, batch.at(-1)?.seed]
      const outcomes = await runBatch(
        stack,
        { plans: batch },
        text => say(`seeds ${first} to ${last}: ${text}`),
        abort.signal,
      )
      for (const outcome of outcomes) if (outcome.found.length > 0) show(outcome, batch, stack)
      const wrong = outcomes.filter(({ found }) => found.length > 0).length
      passed += outcomes.length - wrong
      failed += wrong
      say(`seeds ${first} to ${last}: ${outcomes.length - wrong} passed, ${wrong} failed`)
    }
  } catch (error) {
    say(abort.signal.aborted ? `${abort.signal.reason}` : explain(error))
    failed += 1
  } finally {
    await stack?.stop(failed === 0 || abort.signal.aborted)
  }
  return { passed, failed }
}

export function batchesOf(plans: readonly Plan[]): Plan[][] {
  const batches = new Map<number, Plan[]>()
  for (const plan of plans) {
    const number = Math.floor((plan.seed - 1) / AT_ONCE)
    batches.set(number, [...(batches.get(number) ?? []), plan])
  }
  return [...batches.values()]
}

function show({ plan, found }: Outcome, batch: Plan[], stack: Stack): void {
  const more = found.length > SHOWN ? [`… and ${found.length - SHOWN} more`] : []
  const lines = [
    `Seed ${plan.seed} fails:`,
    ...[...found.slice(0, SHOWN), ...more].map(text => `  ${text}`),
    `Its acts (${plan.mailboxes.map(({ kind, messages }) => `${kind} with ${messages} messages`).join(', ')}; ${plan.browsers} browsers):`,
    ...plan.acts.map(act => `  ${describe(act)}`),
    'What happened to the machines:',
    ...troublesOf(batch).map(trouble => `  ${describe(trouble)}`),
    `Logs: ${stack.folder}/logs`,
  ]
  console.log(`\n${lines.join('\n')}\n`)
}
