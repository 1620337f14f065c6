import type { Ring } from '@inlet/sync/bus-port'

type OnTrouble = (what: string, error: unknown) => void

/** Who is told of rings and of the connection's state. One listener that throws keeps no other from hearing. */
export class RingListeners {
  readonly #onTrouble: OnTrouble
  readonly #rings = new Set<{ listener: (ring: Ring) => void }>()
  readonly #states = new Set<{ listener: (connected: boolean) => void }>()
  #connected = false

  constructor(onTrouble: OnTrouble) {
    this.#onTrouble = onTrouble
  }

  get connected(): boolean {
    return this.#connected
  }

  /** Each `true` is a connection newly made: rings before it may be lost. */
  setConnected(connected: boolean): void {
    if (!connected && !this.#connected) return
    this.#connected = connected
    for (const { listener } of [...this.#states]) this.#guard(() => listener(connected))
  }

  deliver(rings: readonly Ring[]): void {
    for (const ring of rings) for (const { listener } of [...this.#rings]) this.#guard(() => listener(ring))
  }

  onRing(listener: (ring: Ring) => void): () => void {
    const entry = { listener }
    this.#rings.add(entry)
    return () => void this.#rings.delete(entry)
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    const entry = { listener }
    this.#states.add(entry)
    return () => void this.#states.delete(entry)
  }

  clear(): void {
    this.#rings.clear()
    this.#states.clear()
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.#onTrouble('A listener of the bus', error)
    }
  }
}
