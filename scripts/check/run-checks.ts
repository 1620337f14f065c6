import { checks } from './checks.ts'

export interface Tally {
  passed: number
  failed: number
  skipped: number
}

/** Runs all checks, shows the output of those that fail, and counts. */
export async function runChecks(): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const check of checks) {
    const since = Date.now()
    const result = await check.run()
    const seconds = ((Date.now() - since) / 1000).toFixed(1)
    if (result.ok) tally.passed++
    else {
      tally.failed++
      console.log(result.output.trim())
    }
    console.log(
      `  ${result.ok ? 'ok    ' : 'FAILED'}  ${check.name}  ${seconds} s${result.ok ? '' : `  (${result.reason})`}`,
    )
  }
  return tally
}
