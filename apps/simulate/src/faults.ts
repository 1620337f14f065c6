import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** Which hop a fault sits on. */
export type FaultTarget = 'provider' | 'database' | 'push' | 'bus' | 'http' | 'stream' | 'tab'
export type FaultKind =
  | 'transient'
  | 'rate_limited'
  | 'unauthorized'
  | 'not_found'
  | 'permanent'
  | 'internal'
  | 'expired'
  | 'item_failed'
  | 'omit'
  | 'slow'
  | 'fail_before'
  | 'fail_after'
  | 'lose'
  | 'double'
  | 'delay'
  | 'kill_before'
  | 'kill_after'
  | 'down'
  | 'refuse'
  | 'lose_answer'
  | 'unavailable'
  | 'cut'
  | 'reorder'
  | 'unknown'

type Window = { target: FaultTarget; kind: FaultKind; probability: number; until: number }

/** What goes wrong at present. Without a window nothing does. */
export class Faults {
  readonly #clock: Clock
  readonly #random: Random
  #windows: Window[] = []
  /** From the end of the faults on answers are prompt, too. */
  calm = false
  /** Feed pages take a moment to get to their reader, so that what is committed meanwhile rings during a read. */
  slowPages = false

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  open(target: FaultTarget, kind: FaultKind, probability: number, forMs: number): void {
    this.#windows.push({ target, kind, probability, until: this.#clock.now() + forMs })
  }

  /** The fault that hits this step, if one of `kinds` does. */
  strike(target: FaultTarget, kinds: readonly FaultKind[]): FaultKind | null {
    if (this.#windows.length === 0) return null
    const now = this.#clock.now()
    for (const { target: at, kind, probability, until } of this.#windows)
      if (at === target && until > now && kinds.includes(kind) && this.#random.chance(probability))
        return kind
    return null
  }

  active(target: FaultTarget, kind: FaultKind): boolean {
    const now = this.#clock.now()
    return this.#windows.some(
      window => window.target === target && window.kind === kind && window.until > now,
    )
  }

  end(): void {
    this.calm = true
    this.#windows = []
  }
}
