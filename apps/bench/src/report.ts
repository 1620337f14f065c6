import { format } from './stats.ts'

/** What a bench has found. Printed, and with --write put into docs/benchmarks.md. */
export type Report = {
  /** The command's name of the bench. */
  name: string
  title: string
  /** What was measured and how, in a sentence or two. */
  about: string
  columns: string[]
  rows: string[][]
  goals: Goal[]
  /** What must be known to read the numbers: peers that were not there, conditions, where the time goes. */
  notes: string[]
}

export type Goal = { goal: string; got: string; met: boolean | 'unknown' }

/** A goal on a number; `unknown` when it was not measured. */
export function goal(text: string, value: number, met: (value: number) => boolean, unit = ''): Goal {
  if (!Number.isFinite(value)) return { goal: text, got: 'not measured', met: 'unknown' }
  return { goal: text, got: `${format(value)}${unit && ` ${unit}`}`, met: met(value) }
}

const verdict = (met: Goal['met']) => (met === 'unknown' ? '–' : met ? 'met' : 'MISSED')

const goalRows = (report: Report) => report.goals.map(({ goal, got, met }) => [goal, got, verdict(met)])

export function toText(report: Report): string {
  const lines = [`\n${report.title}`, report.about, '', ...plainTable(report.columns, report.rows)]
  if (report.goals.length > 0) lines.push('', ...plainTable(['goal', 'measured', ''], goalRows(report)))
  if (report.notes.length > 0) lines.push('', ...report.notes.map(note => `- ${note}`))
  return `${lines.join('\n')}\n`
}

export function toMarkdown(report: Report): string {
  const parts = [`## ${report.title}`, report.about, markdownTable(report.columns, report.rows)]
  if (report.goals.length > 0) parts.push(markdownTable(['goal', 'measured', ''], goalRows(report)))
  if (report.notes.length > 0) parts.push(report.notes.map(note => `- ${note}`).join('\n'))
  return `${parts.join('\n\n')}\n`
}

function plainTable(columns: string[], rows: string[][]): string[] {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map(row => row[i]?.length ?? 0)))
  const line = (row: string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(columns), widths.map(width => '-'.repeat(width)).join('  '), ...rows.map(line)]
}

function markdownTable(columns: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), `|${'---|'.repeat(columns.length)}`, ...rows.map(line)].join('\n')
}
