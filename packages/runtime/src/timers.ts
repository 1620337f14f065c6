import type { Log } from '@inlet/sync/engine'
import type { World } from '@inlet/sync/world'

export type Timer = {
  name: string
  everyMs: number
  firstMs: number
  run(signal: AbortSignal): Promise<unknown>
}

/** A round that takes longer is given up; the next one starts afresh. */
const ROUND_LIMIT_MS = 5 * 60_000

/**
 * Runs each timer for ever, one round at a time, at `everyMs` ± 20 % so that many processes spread out. A failed round
 * is logged and the next one comes as usual. Resolves when the signal aborts and the last round has ended.
 */
export async function runTimers(timers: Timer[], world: World, log: Log, signal: AbortSignal): Promise<void> {
  await Promise.all(timers.map(timer => runTimer(timer, world, log, signal)))
}

async function runTimer(timer: Timer, world: World, log: Log, signal: AbortSignal): Promise<void> {
  let wait = timer.firstMs
  while (!signal.aborted) {
    try {
      await world.sleep(wait, signal)
      await timer.run(AbortSignal.any([signal, AbortSignal.timeout(ROUND_LIMIT_MS)]))
    } catch (error) {
      if (signal.aborted) return
      log.error({ timer: timer.name, error: String(error) }, 'a timer’s round failed')
    }
    wait = timer.everyMs * (0.8 + 0.4 * world.random())
  }
}
