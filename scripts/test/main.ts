import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runChecks, type Tally } from '../check/run-checks.ts'
import { runTool } from '../lib/run-tool.ts'
import { explain } from '../start/errors.ts'
import { ensurePrismaClient } from '../start/prisma-client.ts'
import { root } from '../start/root.ts'
import { contractLines } from './contract-lines.ts'
import { prepareMachine } from './machine.ts'
import { postgresForTests } from './postgres-for-tests.ts'
import { playwrightTally, vitestTally } from './reports.ts'
import { e2eSuite, type Suite, skippedNames, vitestSuites } from './suites.ts'

const minute = 60_000
const outDir = join(root, 'test-results')
const total: Tally = { passed: 0, failed: 0, skipped: 0 }
const began = Date.now()

function heading(text: string): void {
  console.log(`\n== ${text} (${Math.round((Date.now() - began) / 1000)} s)`)
}

async function phase(name: string, work: () => Promise<Tally>): Promise<void> {
  heading(name)
  let tally: Tally
  try {
    tally = await work()
  } catch (error) {
    console.log(`${explain(error)}\n  The suite ${name} counts as one failed.`)
    tally = { passed: 0, failed: 1, skipped: 0 }
  }
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += tally[key]
  console.log(`  ${name}: ${sentence(tally)}`)
}

function sentence({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

async function vitest(suites: readonly Suite[]): Promise<Tally> {
  const report = join(outDir, 'vitest.json')
  const projects = suites.flatMap(suite => ['--project', suite.name])
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  // The redis and imap suites keep their state in Postgres too.
  const postgres = suites.some(suite => suite.name !== 'unit' && suite.name !== 'web')
    ? await postgresForTests()
    : undefined
  try {
    const result = await runTool(['vitest', 'run', ...projects, ...reporters], {
      timeoutMs: 25 * minute,
      live: true,
      ...(postgres ? { env: { INLET_TEST_POSTGRES_URL: postgres.url } } : {}),
    })
    return vitestTally(report, result)
  } finally {
    await postgres?.stop()
  }
}

async function endToEnd(): Promise<Tally> {
  const report = join(outDir, 'e2e.json')
  const result = await runTool(['playwright', 'test'], {
    timeoutMs: 32 * minute,
    live: true,
    env: { INLET_TEST_E2E_REPORT: report },
  })
  return playwrightTally(report, result)
}

async function main(): Promise<void> {
  const skip = skippedNames(process.env.INLET_TEST_SKIP)
  const left = (suite: Suite) => suite.files.length > 0 && !skip.has(suite.name)
  const vitestWanted = vitestSuites().filter(left)
  const e2e = e2eSuite(skip)
  const wanted = left(e2e) ? [...vitestWanted, e2e] : vitestWanted
  if (skip.size > 0) console.log(`Left out by INLET_TEST_SKIP: ${[...skip].join(', ')}`)
  // Old reports must not be counted for a run that ended without one.
  rmSync(outDir, { recursive: true, force: true })
  mkdirSync(outDir, { recursive: true })

  heading('prepare')
  const problems = await prepareMachine(wanted)
  await ensurePrismaClient(outDir, AbortSignal.timeout(5 * minute))
  for (const [name, problem] of problems) {
    total.failed++
    console.log(`  The suite ${name} cannot run and counts as failed: it ${problem}`)
    console.log(`  It can be left out: INLET_TEST_SKIP=${name}`)
  }
  if (!skip.has('check')) await phase('check', runChecks)
  const runnable = vitestWanted.filter(suite => !problems.has(suite.name))
  if (runnable.length > 0)
    await phase(`vitest: ${runnable.map(suite => suite.name).join(', ')}`, () => vitest(runnable))
  // Read before Playwright clears the folder.
  const contract = contractLines(join(outDir, 'vitest.json'))
  if (wanted.includes(e2e) && !problems.has('e2e')) await phase('end to end', endToEnd)
  for (const line of contract) console.log(line)
}

main()
  .catch((error: unknown) => {
    total.failed++
    console.error(explain(error))
  })
  .then(() => {
    if (total.passed + total.failed === 0) {
      console.log('Nothing ran, which is a failure.')
      total.failed++
    }
    console.log(`\n${Math.round((Date.now() - began) / 1000)} s`)
    console.log(sentence(total))
    process.exit(total.failed === 0 ? 0 : 1)
  })
