import { bad } from './refusal.ts'

/** Inclusive ranges; the star is Infinity until it is resolved. */
export type NumberSet = readonly (readonly [from: number, to: number])[]

/** `1,3:5,7:*` (RFC 3501 §9, sequence-set). Throws BAD. */
export function parseSet(text: string): NumberSet {
  return text.split(',').map(part => {
    const found =
      /^(\*|[1-9]\d{0,9})(?::(\*|[1-9]\d{0,9}))?$/.exec(part) ?? bad(`"${part}" is no set of numbers`)
    const from = numberOf(found[1] ?? '')
    return [from, found[2] === undefined ? from : numberOf(found[2])]
  })
}

export function isSet(text: string): boolean {
  return /^[\d*][\d*,:]*$/.test(text)
}

function numberOf(text: string): number {
  return text === '*' ? Number.POSITIVE_INFINITY : Number(text)
}

/** Whether a number is in the set, with `last` for the star. Built once, asked often. */
export function contains(set: NumberSet, last: number): (n: number) => boolean {
  const ranges: [number, number][] = []
  const sorted = set
    .map(([a, b]): [number, number] => {
      const [from, to] = [Number.isFinite(a) ? a : last, Number.isFinite(b) ? b : last]
      return [Math.min(from, to), Math.max(from, to)]
    })
    .sort((a, b) => a[0] - b[0])
  for (const range of sorted) {
    const before = ranges.at(-1)
    if (before && range[0] <= before[1] + 1) before[1] = Math.max(before[1], range[1])
    else ranges.push(range)
  }
  return n => {
    let low = 0
    let high = ranges.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const [from, to] = ranges[middle] ?? [0, 0]
      if (n < from) high = middle - 1
      else if (n > to) low = middle + 1
      else return true
    }
    return false
  }
}

/** Numbers in their order as `1:3,7`; runs that go up by one are drawn together. */
export function formatSet(numbers: readonly number[]): string {
  const out: string[] = []
  for (let i = 0; i < numbers.length; i++) {
    const start = numbers[i] ?? 0
    let end = start
    while (numbers[i + 1] === end + 1) {
      end++
      i++
    }
    out.push(end === start ? `${start}` : `${start}:${end}`)
  }
  return out.join(',')
}
