const NONE: readonly string[] = []

/**
 * Equality of plain data; of `a`, the keys `but` do not count. The order of keys does not matter: a schema that parses a
 * row gives them in an order of its own.
 */
export function same(a: unknown, b: unknown, but = NONE): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((value, index) => same(value, b[index]))
    )
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]
  let keys = 0
  for (const key in left) {
    if (but.length > 0 && but.includes(key)) continue
    const value = left[key]
    if (!same(value, right[key]) || (value === undefined && !(key in right))) return false
    keys += 1
  }
  for (const _ in right) keys -= 1
  return keys === 0
}
