import type { PulledMessage } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'

/** Graph's published limits for one mailbox and application: so many requests in ten minutes, so many at once. */
export const GRAPH_REQUESTS = 10_000
export const GRAPH_WINDOW_MS = 10 * 60_000
export const GRAPH_AT_ONCE = 4

/** Thrown as an answer of 429 with Retry-After would be read. */
export class TooManyRequests extends Error {
  readonly retryAfterMs: number
  constructor(retryAfterMs: number) {
    super(`429, Retry-After ${retryAfterMs} ms`)
    this.retryAfterMs = retryAfterMs
  }
}

/** A mailbox behind limits like Graph's: a fixed window, and a bound on requests at one time. Answers take `latencyMs`. */
export class GraphLike {
  refused = 0
  requests = 0
  readonly #world: World
  readonly #latencyMs: number
  #window = { since: Number.NEGATIVE_INFINITY, count: 0 }
  #open = 0

  constructor(world: World, latencyMs: number) {
    this.#world = world
    this.#latencyMs = latencyMs
  }

  async read(make: () => PulledMessage, signal: AbortSignal): Promise<PulledMessage> {
    const now = this.#world.now()
    if (now - this.#window.since >= GRAPH_WINDOW_MS) this.#window = { since: now, count: 0 }
    this.requests++
    if (this.#open >= GRAPH_AT_ONCE) return this.#refuse(1_000)
    if (this.#window.count >= GRAPH_REQUESTS) return this.#refuse(this.#window.since + GRAPH_WINDOW_MS - now)
    this.#window.count++
    this.#open++
    try {
      await this.#world.sleep(this.#latencyMs, signal)
      return make()
    } finally {
      this.#open--
    }
  }

  #refuse(retryAfterMs: number): never {
    this.refused++
    throw new TooManyRequests(retryAfterMs)
  }
}
