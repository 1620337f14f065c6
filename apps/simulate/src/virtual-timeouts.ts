import type { Clock } from './clock.ts'

/** What an abort without a reason gives. Thousands are made in a run, and a new one each time is dear. */
const aborted = new DOMException('This operation was aborted', 'AbortError')
const { abort } = AbortController.prototype

/**
 * From now on time limits made with AbortSignal.timeout run on the simulated clock. The engine calls it directly (runner,
 * timers), so it is replaced in this process. Aborts without a reason share one.
 */
export function useVirtualTimeouts(clock: Clock): void {
  AbortController.prototype.abort = function (reason = aborted) {
    abort.call(this, reason)
  }
  AbortSignal.timeout = (ms: number): AbortSignal => {
    const controller = new AbortController()
    clock.after(ms, () => controller.abort(new DOMException('The time limit was reached.', 'TimeoutError')))
    return controller.signal
  }
}
