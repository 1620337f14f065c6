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
  // Node keeps each combined signal that somebody listens to until it aborts. Those of a process that was killed never do,
  // and with each its whole simulated world was kept.
  AbortSignal.any = (signals: Iterable<AbortSignal>): AbortSignal => {
    const all = new AbortController()
    for (const signal of signals) {
      if (signal.aborted) all.abort(signal.reason)
      else signal.addEventListener('abort', () => all.abort(signal.reason), { once: true })
    }
    return all.signal
  }
  AbortSignal.timeout = (ms: number): AbortSignal => {
    const controller = new AbortController()
    clock.after(ms, () => controller.abort(new DOMException('The time limit was reached.', 'TimeoutError')))
    return controller.signal
  }
}
