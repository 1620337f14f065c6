import type { Bus, Ring } from '@inlet/sync/bus-port'

/** A bus whose connection and rings the test controls. */
export class FakeBus implements Bus {
  readonly #rings = new Set<(ring: Ring) => void>()
  readonly #states = new Set<(connected: boolean) => void>()
  connected = true
  subscriptions = 0

  async ring(ring: Ring): Promise<void> {
    if (this.connected) for (const listener of this.#rings) listener(ring)
  }

  subscribe(listener: (ring: Ring) => void): () => void {
    this.subscriptions++
    this.#rings.add(listener)
    return () => void this.#rings.delete(listener)
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#states.add(listener)
    return () => void this.#states.delete(listener)
  }

  turn(connected: boolean): void {
    this.connected = connected
    for (const listener of this.#states) listener(connected)
  }

  async close(): Promise<void> {
    this.turn(false)
  }

  get listeners(): number {
    return this.#rings.size + this.#states.size
  }
}
