import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Ring } from './mailbox.ts'
import type { Random } from './random.ts'

const REDELIVERIES = 4

/**
 * The providers' doorbells. What was not acknowledged is redelivered, a few times; and pushes are lost, doubled and late
 * all the same.
 */
export class Pushes {
  readonly #clock: Clock
  readonly #faults: Faults
  readonly #random: Random
  /** Hands a push to a web server; true: it was acknowledged. */
  readonly #deliver: (ring: Ring, pushId: string) => Promise<boolean>
  #count = 0

  constructor(
    clock: Clock,
    faults: Faults,
    random: Random,
    deliver: (ring: Ring, pushId: string) => Promise<boolean>,
  ) {
    this.#clock = clock
    this.#faults = faults
    this.#random = random
    this.#deliver = deliver
  }

  ring(ring: Ring): void {
    const fault = this.#faults.strike('push', ['lose', 'double', 'delay'])
    if (fault === 'lose') return
    const pushId = `push-${++this.#count}`
    const wait = () => (fault === 'delay' ? this.#random.int(2_000, 60_000) : this.#random.int(50, 800))
    for (let n = 0; n < (fault === 'double' ? 2 : 1); n++)
      this.#clock.after(wait(), () => void this.#send(ring, pushId, 0))
  }

  async #send(ring: Ring, pushId: string, tries: number): Promise<void> {
    const acknowledged = await this.#deliver(ring, pushId)
    if (!acknowledged && tries < REDELIVERIES)
      this.#clock.after(1_000 * 2 ** tries, () => void this.#send(ring, pushId, tries + 1))
  }
}
