import type { Bus, Ring } from '@inlet/sync/bus-port'
import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'

type Endpoint = {
  process: Process
  listeners: Set<(ring: Ring) => void>
  states: Set<(connected: boolean) => void>
}

/** The transport between processes. Rings are lost, doubled, late and therefore out of order; and it may be down. */
export class BusTransport {
  readonly #clock: Clock
  readonly #faults: Faults
  readonly #random: Random
  readonly #endpoints = new Set<Endpoint>()
  #up = true

  constructor(clock: Clock, faults: Faults, random: Random) {
    this.#clock = clock
    this.#faults = faults
    this.#random = random
  }

  setUp(up: boolean): void {
    if (up === this.#up) return
    this.#up = up
    for (const { process, states } of this.#endpoints)
      for (const listener of states) void process.gate().then(() => listener(up))
  }

  join(process: Process): Bus {
    const endpoint: Endpoint = { process, listeners: new Set(), states: new Set() }
    this.#endpoints.add(endpoint)
    process.onDeath(() => this.#endpoints.delete(endpoint))
    const isUp = () => this.#up
    return {
      ring: ring => process.step(async () => this.#send(ring)),
      subscribe(listener) {
        endpoint.listeners.add(listener)
        return () => endpoint.listeners.delete(listener)
      },
      get connected() {
        return isUp()
      },
      onConnected(listener) {
        endpoint.states.add(listener)
        return () => endpoint.states.delete(listener)
      },
      close: async () => void this.#endpoints.delete(endpoint),
    }
  }

  #send(ring: Ring): void {
    if (!this.#up) return
    for (const endpoint of this.#endpoints) {
      // Workers and persons ring, and listen to nobody.
      if (endpoint.listeners.size === 0) continue
      const fault = this.#faults.strike('bus', ['lose', 'double', 'delay'])
      if (fault === 'lose') continue
      const times = fault === 'double' ? 2 : 1
      for (let n = 0; n < times; n++) {
        const delay = fault === 'delay' ? this.#random.int(500, 20_000) : this.#random.int(0, 15)
        this.#clock.after(delay, () => {
          if (this.#up)
            for (const listener of endpoint.listeners) void endpoint.process.gate().then(() => listener(ring))
        })
      }
    }
  }
}
