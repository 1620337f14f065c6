import { historyOf } from './history.ts'
import { mutants } from './mutants/all.ts'
import { simulate } from './simulation.ts'
import type { Violation } from './violation.ts'

/** Some seeds, with a planted bug or without. A job with a bug ends at the first seed that notices it. */
export type Job = { from: number; count: number; operations: number; mutant: string | null }
export type JobResult = { job: Job; passed: number; failures: { seed: number; failure: Violation }[] }

export async function work(job: Job): Promise<JobResult> {
  const mutant = job.mutant === null ? null : mutants.find(each => each.name === job.mutant)
  if (mutant === undefined) throw new Error(`There is no planted bug called ${job.mutant}.`)
  const result: JobResult = { job, passed: 0, failures: [] }
  for (let seed = job.from; seed < job.from + job.count; seed++) {
    const history = historyOf(seed, job.operations)
    const { failure } = await simulate(history, mutant ? { substitutes: mutant.substitutes } : {})
    // A seed that fails anyway has noticed no bug.
    if (failure && mutant && (await simulate(history)).failure) continue
    if (!failure) result.passed += 1
    else result.failures.push({ seed, failure })
    if (failure && mutant) break
  }
  return result
}
