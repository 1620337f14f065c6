import type { Clock } from './clock.ts'
import { LightController, LightSignal } from './light-abort.ts'

/**
 * From now on what is aborted in this process is aborted by light signals, and time limits made with AbortSignal.timeout
 * run on the simulated clock. The code under test calls the globals, so they are replaced.
 */
export function useVirtualTimeouts(clock: Clock): void {
  LightSignal.after = (ms, run) => clock.after(ms, run)
  globalThis.AbortController = LightController as unknown as typeof AbortController
  globalThis.AbortSignal = LightSignal as unknown as typeof AbortSignal
}
