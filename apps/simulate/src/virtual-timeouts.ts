import type { Clock } from './clock.ts'

let current: Clock | null = null

/**
 * Time limits made with AbortSignal.timeout run on the simulated clock. The engine calls it directly (runner, timers),
 * so it is replaced in this process; real timers have no place here and say so.
 */
export function useVirtualTimeouts(clock: Clock): void {
  current = clock
}

AbortSignal.timeout = (ms: number): AbortSignal => {
  if (!current) throw new Error('A time limit was asked for while no simulation runs.')
  const controller = new AbortController()
  current.after(ms, () => controller.abort(new DOMException('The time limit was reached.', 'TimeoutError')))
  return controller.signal
}
