import type { World } from '@inlet/sync/world'

/**
 * Stops asking something that keeps failing: after `failures` in a row it refuses for `coolMs`, then lets one
 * call through to find out. Without it every request would wait out Redis's time limit while Redis is down.
 */
export class Breaker {
  readonly #world: World
  readonly #failuresMax: number
  readonly #coolMs: number
  #failures = 0
  #closedUntil = 0
  #probing = false

  constructor(world: World, failures = 3, coolMs = 5_000) {
    this.#world = world
    this.#failuresMax = failures
    this.#coolMs = coolMs
  }

  /** May a call be made now? Each `true` must be followed by `succeeded`, `failed` or `abandoned`. */
  admits(): boolean {
    if (this.#failures < this.#failuresMax) return true
    if (this.#probing || this.#world.now() < this.#closedUntil) return false
    this.#probing = true
    return true
  }

  succeeded(): void {
    this.#failures = 0
    this.#probing = false
  }

  failed(): void {
    this.#failures++
    this.#probing = false
    if (this.#failures >= this.#failuresMax) this.#closedUntil = this.#world.now() + this.#coolMs
  }

  /** The caller gave up before there was an answer: nothing is known. */
  abandoned(): void {
    this.#probing = false
  }
}
