import type { Clock } from './clock.ts'

/**
 * Something that can die or stand still: a worker, a web server, a browser tab. Every step from its inside to the
 * outside goes through `gate`: after a crash no step comes back, so its code simply ends at the await it had reached,
 * as after kill -9; while it is frozen (SIGSTOP, a sleeping laptop) its steps wait.
 */
export class Process {
  readonly name: string
  readonly #clock: Clock
  #dead = false
  #thawed: { promise: Promise<void>; resolve: () => void } | null = null
  readonly #onDeath: (() => void)[] = []

  constructor(name: string, clock: Clock) {
    this.name = name
    this.#clock = clock
  }

  get dead(): boolean {
    return this.#dead
  }

  get frozen(): boolean {
    return this.#thawed !== null
  }

  /** Passes at once while the process runs. */
  async gate(): Promise<void> {
    while (this.#thawed) await this.#thawed.promise
    // A promise of its own: what waited for a shared one would be kept, and the whole simulated world with it.
    if (this.#dead) await new Promise<never>(() => {})
  }

  /** Runs `work` outside; its outcome, good or bad, comes in only if the process is there to take it. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    if (this.#dead || this.#thawed) await this.gate()
    try {
      const value = await work()
      if (this.#dead || this.#thawed) await this.gate()
      return value
    } catch (error) {
      if (this.#dead || this.#thawed) await this.gate()
      throw error
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.step(() => this.#clock.sleep(ms, signal))
  }

  /** A timer of this process: late when frozen, never when dead. */
  timer(run: () => void, ms: number): () => void {
    let cancelled = false
    const cancel = this.#clock.after(ms, () => {
      if (this.#thawed) void this.gate().then(() => (cancelled ? undefined : run()))
      else if (!this.#dead) run()
    })
    return () => {
      cancelled = true
      cancel()
    }
  }

  freeze(): void {
    this.#thawed ??= Promise.withResolvers<void>()
  }

  thaw(): void {
    this.#thawed?.resolve()
    this.#thawed = null
  }

  onDeath(run: () => void): void {
    this.#onDeath.push(run)
  }

  kill(): void {
    if (this.#dead) return
    this.#dead = true
    this.thaw()
    for (const run of this.#onDeath) run()
  }
}
