import type { World } from '@inlet/sync/world'

export interface Backoff {
  baseMs: number
  maxMs: number
}

/** Full jitter over an exponentially growing span, at least 20 ms. `failures`: how many have gone before, from 0. */
export function backoffMs(failures: number, world: World, { baseMs, maxMs }: Backoff): number {
  const span = Math.min(maxMs, baseMs * 2 ** Math.min(failures, 30))
  return Math.max(20, world.random() * span)
}
