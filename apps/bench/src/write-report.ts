import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../scripts/start/root.ts'
import type { Machine } from './machine.ts'
import { type Report, toMarkdown } from './report.ts'

const HEAD = `# Benchmarks

Inlet beside its peers and beside floors that nobody can go under, measured in the same run, turn by turn (ours, theirs, ours, theirs …), so that whatever else the machine does meets both. Cells hold the median and, in brackets, the least and the most of the repeats; a ratio is taken pair by pair. Goals stand beside what was measured, missed ones too. Each section is written by its command: \`npm run bench -- NAME --write\`.
`

/** Replaces the bench's section in docs/benchmarks.md, or adds it at the end. */
export function writeReport(report: Report, machine: Machine, repeats: number): string {
  const file = join(root, 'docs', 'benchmarks.md')
  const old = existsSync(file) ? readFileSync(file, 'utf8') : HEAD
  const start = `<!-- bench:${report.name} -->`
  const end = `<!-- /bench:${report.name} -->`
  const under = `*${machine.date}; ${repeats} repeats; ${machine.text}*`
  const section = `${start}\n${toMarkdown(report)}\n${under}\n${end}`
  const [from, to] = [old.indexOf(start), old.indexOf(end)]
  const updated =
    from >= 0 && to > from
      ? old.slice(0, from) + section + old.slice(to + end.length)
      : `${old.trimEnd()}\n\n${section}\n`
  writeFileSync(file, updated)
  return file
}
