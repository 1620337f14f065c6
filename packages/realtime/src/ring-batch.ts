import type { Ring } from '@inlet/sync/bus-port'

/** Users, and ended sessions, that one batch holds. Beyond it rings are dropped: receivers look at the heads anyway. */
const BATCH_MAX = 20_000

/**
 * Collapses the rings of one turn of the event loop: of a user's heads only the highest matters, and one `work`
 * stands for many. While a batch is on its way the next one fills, so a slow transport makes rings rarer, not more.
 */
export class RingBatch {
  readonly #send: (rings: Ring[]) => Promise<void>
  #heads = new Map<string, number>()
  #signedOut = new Map<string, Ring>()
  #work = false
  #handedOver: Promise<void> | null = null
  #sending: Promise<void> = Promise.resolve()

  /** `send` may reject: its rings are lost then. It must have a time limit of its own. */
  constructor(send: (rings: Ring[]) => Promise<void>) {
    this.#send = send
  }

  /** Resolves when the ring's batch was handed to the transport, or was lost. Never rejects. */
  add(ring: Ring): Promise<void> {
    if (ring.type === 'work') this.#work = true
    else if (ring.type === 'signed_out') {
      if (this.#signedOut.size >= BATCH_MAX) return Promise.resolve()
      this.#signedOut.set(`${ring.userId} ${ring.sessionId ?? ''}`, ring)
    } else {
      const known = this.#heads.get(ring.userId)
      if (known === undefined && this.#heads.size >= BATCH_MAX) return Promise.resolve()
      this.#heads.set(ring.userId, Math.max(known ?? 0, ring.head))
    }
    this.#handedOver ??= this.#flushSoon()
    return this.#handedOver
  }

  async #flushSoon(): Promise<void> {
    await new Promise<void>(resolve => setImmediate(resolve))
    await this.#sending
    const rings = this.#take()
    this.#sending = this.#send(rings).catch(() => {})
    await this.#sending
  }

  #take(): Ring[] {
    const rings: Ring[] = [...this.#signedOut.values()]
    if (this.#work) rings.push({ type: 'work' })
    for (const [userId, head] of this.#heads) rings.push({ type: 'feed', userId, head })
    this.#heads = new Map()
    this.#signedOut = new Map()
    this.#work = false
    this.#handedOver = null
    return rings
  }
}
