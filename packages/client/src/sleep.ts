import type { World } from './world.ts'

/** Resolves after `ms`, or at once when aborted: look at the signal afterwards. */
export function sleep(world: Pick<World, 'setTimer'>, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const cancel = world.setTimer(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done() {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
