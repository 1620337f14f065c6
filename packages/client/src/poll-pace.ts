export const POLL_MIN_MS = 2_000
export const POLL_MAX_MS = 30_000

/** The pace after a poll: back to the quickest when it brought something, slower when it was quiet or failed. */
export function nextPace(everyMs: number, outcome: 'changed' | 'quiet' | 'failed'): number {
  if (outcome === 'changed') return POLL_MIN_MS
  return Math.min(POLL_MAX_MS, everyMs * (outcome === 'failed' ? 2 : 1.5))
}

/** The wait before the next poll: the pace, spread over its second half so that clients do not fall into step. */
export function pollWait(everyMs: number, random: number, floorMs: number | null = null): number {
  return Math.round(Math.max(floorMs ?? 0, everyMs / 2 + (random * everyMs) / 2))
}
