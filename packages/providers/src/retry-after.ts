/** Retry-After (RFC 9110 §10.2.3): seconds or an HTTP date. Epoch ms, at most a day ahead; null when absent or unreadable. */
export function parseRetryAfter(header: string | null, now: number): number | null {
  const text = header?.trim()
  if (!text) return null
  const seconds = /^\d{1,9}$/.test(text)
  // Date.parse would read "-5" and "1.5" as months.
  const at = seconds ? now + Number(text) * 1_000 : /:\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(at) ? Math.min(Math.max(at, now), now + 86_400_000) : null
}
