import type { Batch } from '@inlet/sync/store-port'

/**
 * Postgres holds neither U+0000 nor half a surrogate pair, and mail brings both. They become U+FFFD *before* planning:
 * were it done on the way in only, a replay would always differ from what is stored (I4).
 */
export function cleanBatch(batch: Batch): Batch {
  const { upserts, labels, failures, patches, places, ...rest } = batch
  return {
    ...rest,
    patches,
    upserts: cleanDeep(upserts),
    labels: cleanDeep(labels),
    failures: cleanDeep(failures),
    ...(places && { places: cleanDeep(places) }),
  }
}

export function cleanText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\u{FFFD}') : whole
}

/** Every string inside plain data. What holds nothing to clean, as nearly everything, comes back as it is. */
export function cleanDeep<T>(value: T): T {
  if (typeof value === 'string') return cleanText(value) as T
  if (Array.isArray(value)) return cleanItems(value) as T
  if (typeof value !== 'object' || value === null) return value
  return cleanFields(value as Record<string, unknown>) as T
}

function cleanFields(fields: Record<string, unknown>): Record<string, unknown> {
  let cleaned: Record<string, unknown> | null = null
  for (const key in fields) {
    const after = cleanDeep(fields[key])
    if (after === fields[key]) continue
    cleaned ??= { ...fields }
    cleaned[key] = after
  }
  return cleaned ?? fields
}

function cleanItems(items: unknown[]): unknown[] {
  let cleaned: unknown[] | null = null
  for (let at = 0; at < items.length; at++) {
    const after = cleanDeep(items[at])
    if (after === items[at]) continue
    cleaned ??= [...items]
    cleaned[at] = after
  }
  return cleaned ?? items
}
