import type { Batch } from '@inlet/sync/store-port'

/**
 * Postgres holds neither U+0000 nor half a surrogate pair, and mail brings both. They become U+FFFD *before* planning:
 * were it done on the way in only, a replay would always differ from what is stored (I4).
 */
export function cleanBatch(batch: Batch): Batch {
  const { upserts, labels, failures, patches, ...rest } = batch
  return {
    ...rest,
    patches,
    upserts: cleanDeep(upserts),
    labels: cleanDeep(labels),
    failures: cleanDeep(failures),
  }
}

export function cleanText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\u{FFFD}') : whole
}

/** Every string inside plain data. */
export function cleanDeep<T>(value: T): T {
  if (typeof value === 'string') return cleanText(value) as T
  if (Array.isArray(value)) return value.map(cleanDeep) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, cleanDeep(inner)])) as T
}
