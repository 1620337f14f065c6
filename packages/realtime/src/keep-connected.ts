import { backoffMs } from './backoff.ts'
import type { BusOptions } from './bus-options.ts'

/** A connection that held for so long counts as one that works. */
const STEADY_MS = 5_000

/**
 * Runs one connection after the other until `signal` aborts. `connect` lives as long as its connection: it calls
 * `established` once that works, and ends, either way, when it is over. Waits with growing pauses in between.
 */
export async function keepConnected(
  what: string,
  options: Required<BusOptions>,
  signal: AbortSignal,
  connect: (established: () => void) => Promise<void>,
): Promise<void> {
  const { world, reconnect, onTrouble } = options
  let failures = 0
  while (!signal.aborted) {
    let establishedAt = Number.POSITIVE_INFINITY
    try {
      await connect(() => {
        establishedAt = world.now()
      })
    } catch (error) {
      if (!signal.aborted) onTrouble(what, error)
    }
    // A connection that is made and dies at once must not be made again at once for ever.
    if (world.now() - establishedAt >= STEADY_MS) failures = 0
    try {
      await world.sleep(backoffMs(failures++, world, reconnect), signal)
    } catch {
      return
    }
  }
}
