import type { Job, JobResult } from './job.ts'
import { mutants } from './mutants/all.ts'
import { onThreads } from './threads.ts'

/** Within so many seeds each planted bug must be noticed. */
export const SEEDS_MAX = 2_000
/** Those that the fast tier can see. I11 and I12 are Postgres' and the vault's own: their tests are in packages/db. */
export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I13']

/** Plants every bug in turn and prints the seed that noticed it. Answers how many were noticed and how many were not. */
export async function runMutants(
  operations: number,
  only: string | null,
): Promise<{ caught: number; survived: number }> {
  const chosen = mutants.filter(mutant => only === null || mutant.name === only)
  const jobs: Job[] = chosen.map(({ name }) => ({ from: 1, count: SEEDS_MAX, operations, mutant: name }))
  let [caught, survived] = [0, 0]
  const show = ({ job, failures }: JobResult) => {
    const mutant = mutants.find(each => each.name === job.mutant)
    const [first] = failures
    if (first) caught += 1
    else survived += 1
    const verdict = first
      ? `seed ${first.seed}: ${first.failure.invariant}: ${first.failure.message.slice(0, 120)}`
      : `SURVIVED ${SEEDS_MAX} seeds`
    console.log(`${(mutant?.breaks ?? '').padEnd(4)} ${(job.mutant ?? '').padEnd(30)} ${verdict}`)
  }
  await onThreads(() => jobs.shift() ?? null, show)
  const missing =
    only === null ? INVARIANTS.filter(each => !mutants.some(mutant => mutant.breaks === each)) : []
  if (missing.length > 0) console.log(`No planted bug breaks ${missing.join(', ')}.`)
  return { caught, survived: survived + missing.length }
}
