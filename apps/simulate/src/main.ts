import { parseArgs } from 'node:util'
import { explain } from './explain.ts'
import { historyOf } from './history.ts'
import type { Job, JobResult } from './job.ts'
import { runMutants } from './mutant-run.ts'
import { simulate } from './simulation.ts'
import { onThreads } from './threads.ts'

const AT_ONCE = 20
/** Failures that are shrunk and shown; a fault in the core fails thousands of seeds in one way. */
const SHOWN = 3
const USAGE = `npm run simulate -- [--seeds N] [--from K] [--seed K [--trace]] [--ops M] [--time S] [--mutants [--only NAME]]
npm run simulate -- --real [--seeds N] [--from K] [--seed K] [--ops M] [--mutants [--only NAME]]`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    real: { type: 'boolean', default: false },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    ops: { type: 'string', default: '30' },
    time: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

function whole(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(`--${name} is a whole number, not "${text}". ${USAGE}`)
  return value
}

function end(passed: number, failed: number): void {
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}

async function runSeed(seed: number, operations: number): Promise<void> {
  const history = historyOf(seed, operations)
  const { failure, trace, hash, events, virtualMs } = await simulate(history, { trace: true })
  if (values.trace) console.log(trace.join('\n'))
  console.log(
    `seed ${seed}: ${events} steps over ${Math.round(virtualMs / 1_000)} simulated seconds, trace ${hash.slice(0, 16)}`,
  )
  if (failure) console.log(await explain(history))
  end(failure ? 0 : 1, failure ? 1 : 0)
}

async function runSeeds(
  from: number,
  count: number,
  operations: number,
  seconds: number | null,
): Promise<void> {
  const started = performance.now()
  const elapsed = () => (performance.now() - started) / 1_000
  let [next, passed, failed] = [from, 0, 0]
  const failures: JobResult['failures'] = []
  const take = (): Job | null => {
    const left = from + count - next
    if (left <= 0 || (seconds !== null && elapsed() >= seconds)) return null
    const job = { from: next, count: Math.min(AT_ONCE, left), operations, mutant: null }
    next += job.count
    return job
  }
  await onThreads(take, result => {
    const decade = Math.floor((passed + failed) / 500)
    passed += result.passed
    failed += result.failures.length
    failures.push(...result.failures)
    for (const { seed, failure } of result.failures)
      console.log(`seed ${seed}: ${failure.invariant}: ${failure.message.slice(0, 200)}`)
    if (Math.floor((passed + failed) / 500) > decade)
      console.log(`${passed + failed} seeds, ${((passed + failed) / elapsed()).toFixed(0)} a second`)
  })
  const pace = ((passed + failed) / elapsed()).toFixed(0)
  failures.sort((a, b) => a.seed - b.seed)
  for (const { seed } of failures.slice(0, SHOWN))
    console.log(`\n${await explain(historyOf(seed, operations))}\n`)
  console.log(`seeds ${from} to ${next - 1}, ${operations} operations each, ${pace} a second`)
  end(passed, failed)
}

const operations = whole('ops', values.ops)
if (values.help) console.log(USAGE)
else if (values.real) {
  const { runReal } = await import('./real/main.ts')
  const one = values.seed !== undefined
  const from = whole(one ? 'seed' : 'from', values.seed ?? values.from)
  const count = one ? 1 : whole('seeds', values.seeds ?? '100')
  const { passed, failed } = await runReal({
    from,
    count,
    operations,
    mutants: values.mutants,
    only: values.only ?? null,
  })
  end(passed, failed)
  // Node, taking itself down, may wait for ever for sockets that the servers' deaths have left.
  process.exit()
} else if (values.mutants) {
  const { caught, survived } = await runMutants(operations, values.only ?? null)
  end(caught, survived)
} else if (values.seed !== undefined) await runSeed(whole('seed', values.seed), operations)
else
  await runSeeds(
    whole('from', values.from),
    whole('seeds', values.seeds ?? '1000'),
    operations,
    values.time === undefined ? null : whole('time', values.time),
  )
