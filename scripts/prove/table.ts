import type { Break } from './break.ts'

/** `why`: what the test said when it failed, or why it is not proven that it can. */
export type Verdict = { seen: boolean; why: string }

export const missed = (why: string): Verdict => ({ seen: false, why })

const WIDTHS = [14, 64, 64]

function line(cells: string[]): string {
  const cut = (text: string, width: number) =>
    text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
  return cells.map((cell, i) => (WIDTHS[i] === undefined ? cell : cut(cell, WIDTHS[i]))).join('  ')
}

export function printHead(): void {
  console.log(line(['rule', 'broken how', 'test', '']))
}

export function printRow({ rule, what, test }: Break, { seen, why }: Verdict, tellWhy: boolean): void {
  const [reason = ''] = why.split('\n')
  console.log(line([rule, what, test.name, seen ? 'seen to fail' : `NOT NOTICED: ${reason}`]))
  if (seen && tellWhy) console.log(`  ${reason.slice(0, 160)}`)
}
