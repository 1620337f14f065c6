import { readFileSync } from 'node:fs'
import type { Tally } from '../check/run-checks.ts'

export interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: {
    name: string
    status: string
    message?: string
    assertionResults: { status: string; ancestorTitles: string[] }[]
  }[]
}

interface PlaywrightReport {
  stats: { expected: number; unexpected: number; flaky: number; skipped: number }
  errors: { message?: string }[]
}

/** What a suite's run came to. `ok` is the exit of its runner: a failure that no test stands for counts as one failed. */
export function vitestTally(file: string, run: { ok: boolean; reason: string }): Tally {
  const report = read<VitestReport>(file)
  if (!report) return crashed(run.reason)
  // A file that could not be loaded has failed without a single test in it.
  const unloaded = report.testResults.filter(
    result => result.status === 'failed' && !result.assertionResults.some(test => test.status === 'failed'),
  )
  const tally = {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
  return run.ok || tally.failed > 0 ? tally : outside(tally, run.reason)
}

export function playwrightTally(file: string, run: { ok: boolean; reason: string }): Tally {
  const report = read<PlaywrightReport>(file)
  if (!report) return crashed(run.reason)
  const { expected, unexpected, flaky, skipped } = report.stats
  const tally = { passed: expected, failed: unexpected + flaky, skipped }
  return run.ok || tally.failed > 0 ? tally : outside(tally, report.errors[0]?.message ?? run.reason)
}

function crashed(reason: string): Tally {
  console.log(`  The suite ended without a report: ${reason}. It counts as one failed.`)
  return { passed: 0, failed: 1, skipped: 0 }
}

function outside(tally: Tally, reason: string): Tally {
  console.log(`  No test failed, but the run did: ${reason}. It counts as one failed.`)
  return { ...tally, failed: tally.failed + 1 }
}

export function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch {
    return undefined
  }
}
