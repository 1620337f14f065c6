import type { World } from '@inlet/sync/world'

interface Sleeper {
  at: number
  wake(): void
}

/** A clock that moves when the test says so. */
export class FakeWorld implements World {
  readonly #sleepers = new Set<Sleeper>()
  readonly #random: () => number
  #now = 1_700_000_000_000

  constructor(random: () => number = () => 0.5) {
    this.#random = random
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return this.#random()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { at: this.#now + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      const onAbort = () => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      sleeper.wake = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
    })
  }

  /** How many wait: what a test looks at to find a timer too many. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise<void>(resolve => setImmediate(resolve))
  }

  async advance(ms: number): Promise<void> {
    const target = this.#now + ms
    for (;;) {
      await this.settle()
      let next: Sleeper | null = null
      for (const sleeper of this.#sleepers)
        if (sleeper.at <= target && sleeper.at < (next?.at ?? Infinity)) next = sleeper
      if (next === null) break
      this.#sleepers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
    this.#now = target
    await this.settle()
  }
}
