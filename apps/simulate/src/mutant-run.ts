import type { Job, JobResult } from './job.ts'
import { mutants } from './mutants/all.ts'
import type { Mutant } from './mutants/mutant.ts'
import { onThreads } from './threads.ts'
import { ELSEWHERE, INVARIANTS, type Violation } from './violation.ts'

/** Within so many seeds each planted bug must be noticed. */
const SEEDS_MAX = 2_000
const MESSAGE_MAX = 110

type Catch = { seed: number; failure: Violation }

/**
 * Plants every bug in turn, or those called `only` (names with commas between), and prints a table of the seeds that noticed them and of what was
 * noticed. Answers how many were noticed and how many were not; an invariant without a planted bug counts as one not.
 */
export async function runMutants(
  operations: number,
  only: string | null,
): Promise<{ caught: number; survived: number }> {
  const names = only?.split(',')
  const chosen = mutants.filter(mutant => names?.includes(mutant.name) ?? true)
  if (chosen.length === 0) throw new Error(`There is no planted bug called ${only}.`)
  const jobs: Job[] = chosen.map(({ name }) => ({ from: 1, count: SEEDS_MAX, operations, mutant: name }))
  const catches = new Map<string, Catch>()
  await onThreads(
    () => jobs.shift() ?? null,
    ({ job, failures: [first] }: JobResult) => {
      if (first) catches.set(job.mutant ?? '', first)
      console.log(`${job.mutant}: ${first ? told(first) : `SURVIVED ${SEEDS_MAX} seeds`}`)
    },
  )
  console.log(`\n${table(chosen, catches, only === null ? ELSEWHERE : [])}\n`)
  const bare = only === null ? INVARIANTS.filter(each => !mutants.some(({ breaks }) => breaks === each)) : []
  if (only === null) console.log(summary(chosen, bare))
  return { caught: catches.size, survived: chosen.length - catches.size + bare.length }
}

const told = ({ seed, failure: { invariant, message } }: Catch): string =>
  `noticed in seed ${seed}, ${invariant}: ${message.slice(0, MESSAGE_MAX)}`

function table(
  chosen: readonly Mutant[],
  catches: ReadonlyMap<string, Catch>,
  untouched: readonly (typeof ELSEWHERE)[number][],
): string {
  const rows = [...chosen]
    .sort((a, b) => INVARIANTS.indexOf(a.breaks) - INVARIANTS.indexOf(b.breaks))
    .map(({ name, breaks, what }) => {
      const { seed, failure } = catches.get(name) ?? {}
      return `| ${breaks} | \`${name}\` | ${what} | ${seed ?? '—'} | ${failure?.invariant ?? 'nothing'} |`
    })
  const head = '| breaks | planted bug | what it does | seed | noticed as |\n| --- | --- | --- | --- | --- |'
  const elsewhere = untouched.map(
    ({ invariant, what, tests }) => `| ${invariant} | — | ${what} | — | ${tests} |`,
  )
  return [head, ...rows, ...elsewhere].join('\n')
}

function summary(chosen: readonly Mutant[], bare: readonly string[]): string {
  const counts = INVARIANTS.map(
    each => `${each}: ${chosen.filter(({ breaks }) => breaks === each).length}`,
  ).join(', ')
  const missing =
    bare.length === 0 ? 'No invariant without a planted bug.' : `WITHOUT a planted bug: ${bare.join(', ')}.`
  return `Planted bugs by invariant: ${counts}. ${missing}`
}
