import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { explain } from '../start/errors.ts'
import { ensurePrismaClient } from '../start/prisma-client.ts'
import { root } from '../start/root.ts'
import { prepareMachine } from '../test/machine.ts'
import { postgresForTests } from '../test/postgres-for-tests.ts'
import { vitestSuites } from '../test/suites.ts'
import { apply, findOnce } from './apply.ts'
import type { Break } from './break.ts'
import { breaks } from './breaks.ts'
import { copyCheckout } from './copy.ts'
import { type Ran, runsOf, runTests } from './run-tests.ts'
import { missed, printHead, printRow, type Verdict } from './table.ts'

const USAGE = 'npm run prove -- [--only cursor | --only cursor-3,push-4] [--why | --check]'
/** The reference machine has two cores. */
const AT_ONCE = 2
/** Longer than any test's own limit, so that one that hangs says so itself. */
const BREAK_MS = 90_000
const UNBROKEN_MS = 10 * 60_000

/** `moved`: breaks whose text the code does not hold any more. */
type Tally = { seen: number; missed: number; moved: number }
type Lane = { folder: string; postgresUrl: string | undefined; close(): Promise<void> }

let stopping = false

async function openLane(withPostgres: boolean): Promise<Lane> {
  const folder = await copyCheckout()
  // Each vitest makes the template database anew, so that two at a time need a server each.
  const postgres = withPostgres ? await postgresForTests() : undefined
  return {
    folder,
    postgresUrl: postgres?.url,
    async close() {
      await postgres?.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Breaks the lane's copy, runs the one test, mends the copy. */
async function prove(lane: Lane, one: Break, unbroken: Ran[]): Promise<Verdict> {
  const before = runsOf(one.test, unbroken)
  if (before.length === 0) return missed('there is no such test')
  if (before.some(run => run.failure !== null)) return missed('it fails unbroken')
  const mend = apply(lane.folder, one)
  try {
    const { ran, trouble } = await runTests(lane, [one.test], BREAK_MS)
    const after = runsOf(one.test, ran)
    const failed = after.find(run => run.failure !== null)
    if (failed) return { seen: true, why: failed.failure ?? '' }
    return missed(after.length > 0 ? 'it passed' : `nothing ran: ${trouble ?? 'no report'}`)
  } finally {
    mend()
  }
}

/** Those whose text stands exactly once where it is expected. The others are told. */
function fitting(folder: string, chosen: readonly Break[]): Break[] {
  return chosen.filter(one => {
    try {
      findOnce(folder, one)
      return true
    } catch (error) {
      console.log(`${one.rule} (${one.what}): ${(error as Error).message}`)
      return false
    }
  })
}

async function proveAll(all: readonly Break[], tellWhy: boolean): Promise<Tally> {
  const chosen = fitting(root, all)
  const tally = { seen: 0, missed: 0, moved: all.length - chosen.length }
  if (chosen.length === 0) return tally
  const projects = new Set<string>(chosen.map(({ test }) => test.project))
  const problems = await prepareMachine(vitestSuites().filter(suite => projects.has(suite.name)))
  for (const [name, problem] of problems) throw new Error(`The tests of ${name} cannot run: it ${problem}`)
  const logs = join(root, 'test-results')
  await mkdir(logs, { recursive: true })
  await ensurePrismaClient(logs, AbortSignal.timeout(UNBROKEN_MS))

  const lanes: Lane[] = []
  try {
    while (lanes.length < Math.min(AT_ONCE, chosen.length))
      lanes.push(await openLane([...projects].some(project => project !== 'unit')))
    const [first] = lanes
    if (!first) return tally
    const { ran, trouble } = await runTests(
      first,
      chosen.map(({ test }) => test),
      UNBROKEN_MS,
    )
    const failed = ran.filter(run => run.failure !== null)
    console.log(`Unbroken: ${ran.length} tests ran, ${failed.length} of them failed.`)
    for (const { file, name, failure } of failed) console.log(`${file} › ${name}\n  ${failure}`)
    if (ran.length === 0) throw new Error(`Nothing ran unbroken: ${trouble}`)
    printHead()
    const queue = [...chosen]
    const work = async (lane: Lane) => {
      for (let one = queue.shift(); one && !stopping; one = queue.shift()) {
        const verdict = await prove(lane, one, ran).catch(error => missed(explain(error)))
        if (stopping) return
        tally[verdict.seen ? 'seen' : 'missed'] += 1
        printRow(one, verdict, tellWhy)
      }
    }
    await Promise.all(lanes.map(work))
    return tally
  } finally {
    for (const lane of lanes) await lane.close()
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      why: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const { only } = values
  const wanted = only?.split(',')
  const chosen = breaks.filter(
    ({ rule }) => !wanted || wanted.some(name => rule === name || rule.startsWith(`${name}-`)),
  )
  if (chosen.length === 0) throw new Error(`No rule is called ${only}. ${USAGE}`)
  const startedAt = Date.now()
  const { seen, missed, moved } = values.check
    ? { seen: 0, missed: 0, moved: chosen.length - fitting(root, chosen).length }
    : await proveAll(chosen, values.why)
  const left = values.check ? 0 : chosen.length - seen - missed - moved
  if (left > 0) console.log(`Stopped before ${left} of ${chosen.length} breaks.`)
  if (moved > 0)
    console.log(
      `${moved} breaks name a text that the code does not hold any more: mend them in scripts/prove.`,
    )
  if (values.check) console.log(`${chosen.length - moved} found, ${moved} moved on`)
  else {
    const seconds = Math.round((Date.now() - startedAt) / 1_000)
    console.log(`${seen} seen to fail, ${missed} not noticed, ${moved} moved on, in ${seconds} s`)
  }
  process.exitCode = missed + moved + left > 0 ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopping = true
  })
main().catch((error: unknown) => {
  console.error(explain(error))
  process.exitCode = 1
})
