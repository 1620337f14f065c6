import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Mailbox } from './mailbox.ts'
import type { Random } from './random.ts'

const REDELIVERIES = 4

/**
 * The provider's doorbell: a push for each change while the watch lives. It redelivers what was not acknowledged, a few
 * times; and pushes are lost, doubled and late all the same.
 */
export class Pushes {
  readonly #clock: Clock
  readonly #faults: Faults
  readonly #random: Random
  /** Hands a push to a web server; true: it was acknowledged. */
  readonly #deliver: (mailbox: string, pushId: string) => Promise<boolean>
  #count = 0

  constructor(
    clock: Clock,
    faults: Faults,
    random: Random,
    deliver: (mailbox: string, pushId: string) => Promise<boolean>,
  ) {
    this.#clock = clock
    this.#faults = faults
    this.#random = random
    this.#deliver = deliver
  }

  changed(mailbox: Mailbox): void {
    if (mailbox.watchUntil === null || mailbox.watchUntil <= this.#clock.now()) return
    const fault = this.#faults.strike('push', ['lose', 'double', 'delay'])
    if (fault === 'lose') return
    const pushId = `push-${++this.#count}`
    const wait = () => (fault === 'delay' ? this.#random.int(2_000, 60_000) : this.#random.int(50, 800))
    for (let n = 0; n < (fault === 'double' ? 2 : 1); n++)
      this.#clock.after(wait(), () => void this.#send(mailbox.email, pushId, 0))
  }

  async #send(mailbox: string, pushId: string, tries: number): Promise<void> {
    const acknowledged = await this.#deliver(mailbox, pushId)
    if (!acknowledged && tries < REDELIVERIES)
      this.#clock.after(1_000 * 2 ** tries, () => void this.#send(mailbox, pushId, tries + 1))
  }
}
