import { EPOCH } from './clock.ts'
import { describe, type History } from './history.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulation.ts'
import type { Substitutes } from './substitutes.ts'
import type { Violation } from './violation.ts'

/** Lines of the timeline that are printed; the whole trace is there with --trace. */
const TAIL = 60

/** Failures of one kind read alike, but for their ids, names and numbers. */
const kindOf = ({ invariant, message }: Violation): string =>
  `${invariant} ${message.replaceAll(/"[^"]*"|\S*\d\S*/g, '').slice(0, 100)}`

/** What a person needs to understand a failure: the shortest history that still fails, and how it went. */
export async function explain(history: History, substitutes: Partial<Substitutes> = {}): Promise<string> {
  const before = await simulate(history, { substitutes })
  if (!before.failure) return `Seed ${history.seed} passes.`
  const kind = kindOf(before.failure)
  const { history: shortest, tries } = await shrink(history, async candidate => {
    const { failure } = await simulate(candidate, { substitutes })
    return failure !== null && kindOf(failure) === kind
  })
  const { failure, trace } = await simulate(shortest, { substitutes, trace: true })
  const { shape, operations, seed } = shortest
  const lines = [
    `Seed ${seed} fails: ${before.failure.invariant}: ${before.failure.message}`,
    '',
    `Shortest history that fails alike (${operations.length} of ${history.operations.length} operations, ${tries} tries):`,
    `  ${shape.kinds.join(' and ')} mailboxes of ${shape.mail} messages, ${shape.workers} workers, ${shape.webServers} web servers, ${shape.browsers.length} browsers`,
    `  pages: provider ${shape.providerPage}, follow ${shape.followPage}, fill ${shape.fillPage}; streams live ${shape.streamMs / 1_000} s`,
    ...operations.map(
      operation => `  ${(operation.at / 1_000).toFixed(3).padStart(9)} s  ${describe(operation)}`,
    ),
    '',
    `Timeline (its last ${Math.min(TAIL, trace.length)} of ${trace.length} lines):`,
    ...trace.slice(-TAIL),
    failure
      ? `${((failure.at - EPOCH) / 1_000).toFixed(3).padStart(9)} s  ✗          ${failure.invariant}: ${failure.message}`
      : '',
  ]
  return lines.join('\n')
}
