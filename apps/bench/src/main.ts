import { parseArgs } from 'node:util'
import { backfill } from './backfill.ts'
import { type Bench, openContext } from './bench.ts'
import { feed } from './feed.ts'
import { folders } from './folders.ts'
import { idle } from './idle.ts'
import { imap } from './imap.ts'
import { incremental } from './incremental.ts'
import { latency } from './latency.ts'
import { describeMachine } from './machine.ts'
import { mirror } from './mirror.ts'
import { quota } from './quota.ts'
import { toText } from './report.ts'
import { sse } from './sse.ts'
import { webhook } from './webhook.ts'
import { writeReport } from './write-report.ts'

const benches: Record<string, Bench> = {
  latency,
  webhook,
  sse,
  backfill,
  feed,
  quota,
  mirror,
  imap,
  folders,
  incremental,
  idle,
}

/** No bench runs longer. */
const LIMIT_MS = 45 * 60_000

const HELP = `npm run bench -- NAME [--repeats N] [--write] [--count N] [--rate N]

${Object.entries(benches)
  .map(([name, { about }]) => `  ${name.padEnd(13)}${about}`)
  .join('\n')}
  all          every one of them

  --repeats N   turns of ours and theirs, default 5
  --write       put the tables into docs/benchmarks.md
  --count N     deliveries, rows, messages, accounts or streams of one repeat, where the bench counts something
  --rate N      latency and idle: arrivals a second, default 5 and 2
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    count: { type: 'string' },
    rate: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const given: Record<string, string | undefined> = { count: values.count, rate: values.rate }

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new Error(`--${name} is "${text}"; it must be a number above 0.`)
}

const abort = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => abort.abort(new Error(`Stopped by ${name}.`)))

async function runOne(name: string, bench: Bench): Promise<boolean> {
  const { context, close } = openContext({
    repeats: numberOf('repeats', values.repeats),
    option(option, fallback) {
      const text = given[option]
      return text === undefined ? fallback : numberOf(option, text)
    },
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(LIMIT_MS)]),
    say: text => console.error(`  ${name}: ${text}`),
  })
  try {
    const report = await bench.run(context)
    console.log(toText(report))
    const machine = await describeMachine()
    console.log(`${machine.date}; ${context.repeats} repeats; ${machine.text}`)
    if (values.write) console.log(`written to ${writeReport(report, machine, context.repeats)}`)
    return true
  } catch (error) {
    console.error(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
    return false
  } finally {
    await close()
  }
}

async function main(): Promise<number> {
  const [name] = positionals
  const chosen = name === 'all' ? Object.keys(benches) : [name ?? '']
  if (values.help || !chosen.every(each => each in benches)) {
    console.log(HELP)
    return values.help ? 0 : 2
  }
  let failed = 0
  for (const each of chosen) {
    const bench = benches[each]
    if (bench && !abort.signal.aborted && !(await runOne(each, bench))) failed++
  }
  return failed === 0 ? 0 : 1
}

main().then(
  code => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  },
)
