import type { Child, ChildExit } from '../../../../scripts/start/child.ts'

export type ServiceParts = {
  name: string
  /** Starts the process; `life` counts its starts, for the name of its log. */
  spawn(life: number): Child
  /** Resolves once it does its work, rejects when it never will. */
  ready(child: Child): Promise<unknown>
}

/** A process that is killed, frozen and started again on purpose. One that ends by itself is an accident. */
export class Service {
  readonly name: string
  readonly #parts: ServiceParts
  readonly #onAccident: (what: string, child: Child) => void
  #child: Child | null = null
  #lives = 0
  #frozen = false
  /** One thing at a time: a start waits for the kill before it. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: ServiceParts, onAccident: (what: string, child: Child) => void) {
    this.#parts = parts
    this.#onAccident = onAccident
    this.name = parts.name
  }

  /** How often it was started. */
  get lives(): number {
    return this.#lives
  }

  /** Resolves when it does its work. A kill may come before that. */
  async start(): Promise<void> {
    const child = await this.#next(async () => {
      if (this.#child) return this.#child
      this.#lives += 1
      const child = this.#parts.spawn(this.#lives)
      this.#child = child
      void child.exited.then(exit => {
        if (this.#child !== child) return
        this.#child = null
        this.#onAccident(`${this.name} ended by itself (${how(exit)})`, child)
      })
      return child
    })
    await this.#parts.ready(child)
  }

  /** kill -9, with everything that it has started. */
  kill(): Promise<void> {
    return this.#gone(child => signal(child, 'SIGKILL'))
  }

  /** As an ordered restart ends it. */
  end(): Promise<void> {
    return this.#gone(child => void child.stop())
  }

  freeze(): void {
    if (!this.#child || this.#frozen) return
    this.#frozen = true
    signal(this.#child, 'SIGSTOP')
  }

  thaw(): void {
    if (this.#frozen && this.#child) signal(this.#child, 'SIGCONT')
    this.#frozen = false
  }

  #gone(how: (child: Child) => void): Promise<void> {
    return this.#next(async () => {
      const child = this.#child
      if (!child) return
      this.#child = null
      this.#frozen = false
      how(child)
      await child.exited
      await child.stop()
    })
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

function signal(child: Child, name: NodeJS.Signals): void {
  try {
    process.kill(-child.identity.pid, name)
  } catch {
    // It has gone already.
  }
}

const how = ({ code, signal: by }: ChildExit) => (by ? `by ${by}` : `exit code ${code}`)
