import type { Clock } from './clock.ts'

/**
 * From now on time limits made with AbortSignal.timeout run on the simulated clock. The engine calls it directly (runner,
 * timers), so it is replaced in this process.
 */
export function useVirtualTimeouts(clock: Clock): void {
  AbortSignal.timeout = (ms: number): AbortSignal => {
    const controller = new AbortController()
    clock.after(ms, () => controller.abort(new DOMException('The time limit was reached.', 'TimeoutError')))
    return controller.signal
  }
}
