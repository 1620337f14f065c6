/** Of an even number of values the mean of the two in the middle. NaN without any. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : (high + (sorted[sorted.length / 2 - 1] ?? Number.NaN)) / 2
}

/** The smallest value that at least `share` of the values do not exceed (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** Ratios of what was measured side by side: the first of one with the first of the other, and so on. */
export function pairwise(ours: readonly number[], peers: readonly number[]): number[] {
  return ours.map((value, i) => value / (peers[i] ?? Number.NaN))
}

/** Large numbers without digits behind the point, small ones with as many as say something. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Median and, of several, the least and the most: `57.2 ms (51.0–60.3)`. */
export function spread(values: readonly number[], unit = ''): string {
  const shown = `${format(median(values))}${unit && ` ${unit}`}`
  if (values.length < 2) return shown
  return `${shown} (${format(Math.min(...values))}–${format(Math.max(...values))})`
}
