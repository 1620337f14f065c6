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

const USAGE = 'npm run prove -- [--only cursor | --only cursor-3] [--why | --check]'
/** The reference machine has two cores. */
const AT_ONCE = 2
const BREAK_MS = 60_000
const UNBROKEN_MS = 10 * 60_000

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

async function proveAll(chosen: Break[], tellWhy: boolean): Promise<{ seen: number; missed: number }> {
  const projects = new Set<string>(chosen.map(({ test }) => test.project))
  const problems = await prepareMachine(vitestSuites().filter(suite => projects.has(suite.name)))
  for (const [name, problem] of problems) throw new Error(`The tests of ${name} cannot run: it ${problem}`)
  const logs = join(root, 'test-results')
  await mkdir(logs, { recursive: true })
  await ensurePrismaClient(logs, AbortSignal.timeout(UNBROKEN_MS))

  const lanes: Lane[] = []
  const tally = { seen: 0, missed: 0 }
  try {
    while (lanes.length < Math.min(AT_ONCE, chosen.length))
      lanes.push(await openLane(projects.has('pg') || projects.has('redis')))
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

/** Only looks whether every text is where it is expected: a second instead of minutes. */
function check(chosen: Break[]): { seen: number; missed: number } {
  const tally = { seen: 0, missed: 0 }
  for (const one of chosen) {
    try {
      findOnce(root, one)
      tally.seen += 1
    } catch (error) {
      tally.missed += 1
      console.log(`${one.rule}: ${(error as Error).message}`)
    }
  }
  return tally
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
  const chosen = breaks.filter(
    ({ rule }) => only === undefined || rule === only || rule.startsWith(`${only}-`),
  )
  if (chosen.length === 0) throw new Error(`No rule is called ${only}. ${USAGE}`)
  if (values.check) {
    const { seen, missed } = check(chosen)
    console.log(`${seen} found, ${missed} moved on`)
    process.exitCode = missed > 0 ? 1 : 0
    return
  }
  const { seen, missed } = await proveAll(chosen, values.why)
  const left = chosen.length - seen - missed
  if (left > 0) console.log(`Stopped before ${left} of ${chosen.length} breaks.`)
  console.log(`${seen} seen to fail, ${missed} not noticed`)
  process.exitCode = missed + left > 0 ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    stopping = true
  })
main().catch((error: unknown) => {
  console.error(explain(error))
  process.exitCode = 1
})
