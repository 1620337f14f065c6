/** Milliseconds since the epoch. Everything the simulators date or expire reads this one clock. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

/** A clock that can be pushed forward on demand, so that an hour's or a week's expiry takes no waiting. */
export class ShiftedClock implements Clock {
  #base: Clock
  #offset = 0

  constructor(base: Clock) {
    this.#base = base
  }

  now(): number {
    return this.#base.now() + this.#offset
  }

  advance(ms: number): void {
    this.#offset += ms
  }

  get offset(): number {
    return this.#offset
  }
}
