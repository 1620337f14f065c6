import type { Clock } from './clock.ts'

/** A doorbell that was well is not trusted after ten minutes, and then comes a round of polls. */
const FIND_MS = 15 * 60_000

/** Timers that stand in for lost doorbells. */
export class Polls {
  readonly #clock: Clock
  #since: number | null = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get may(): boolean {
    return this.#since !== null
  }
  /** They have had the time to find what no doorbell told of: counts that still disagree are a loss. */
  get haveLooked(): boolean {
    return this.#since !== null && this.#clock.now() - this.#since >= FIND_MS
  }

  start(): void {
    this.#since ??= this.#clock.now()
  }
  stop(): void {
    this.#since = null
  }
}
