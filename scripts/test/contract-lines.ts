import { read, type VitestReport } from './reports.ts'

const TITLE = 'the provider contract over '

/**
 * What became of the provider contract, a line for each provider and variant that it ran over. Nothing where the report
 * has none of it.
 */
export function contractLines(file: string): string[] {
  const tallies = new Map<string, { passed: number; failed: number; unrun: number }>()
  for (const { assertionResults } of read<VitestReport>(file)?.testResults ?? [])
    for (const { ancestorTitles, status } of assertionResults) {
      const title = ancestorTitles.find(each => each.startsWith(TITLE))
      if (title === undefined) continue
      const name = title.slice(TITLE.length)
      const tally = tallies.get(name) ?? { passed: 0, failed: 0, unrun: 0 }
      tally[status === 'passed' || status === 'failed' ? status : 'unrun'] += 1
      tallies.set(name, tally)
    }
  const lines = [...tallies]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { passed, failed, unrun }]) =>
      [
        `  ${name} ${passed}`,
        ...(failed ? [`${failed} failed`] : []),
        ...(unrun ? [`${unrun} not run`] : []),
      ].join(', '),
    )
  return lines.length === 0 ? [] : ['\nprovider contract, cases passed:', ...lines]
}
