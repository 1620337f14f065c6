import diagnostics from 'node:diagnostics_channel'
import type { Store } from '@inlet/sync/store-port'
import type { World } from '@inlet/sync/world'

type Timer = { at: number; order: number; fire(): void }

const QUIET = 6
/** A jump of more than this waits for a longer quiet. */
const LONG_MS = 500
const LONG_QUIET = 30

/**
 * A world whose time stands still while anything real is under way (a statement, a request) and jumps to the next
 * sleeper's moment when nothing is. So an hour of waiting takes as long as its work, and no wait is shortened.
 */
export class VirtualWorld implements World {
  #now: number
  #seed = 1
  #order = 0
  #underWay = 0
  readonly #timers = new Set<Timer>()
  #running = true
  readonly #unsubscribe: () => void

  constructor(start: number) {
    this.#now = start
    const begin = () => void this.#underWay++
    const end = () => void this.#underWay--
    const channels: [string, () => void][] = [
      ['http.client.request.created', begin],
      ['http.client.request.error', end],
      ['http.client.response.finish', end],
      ['undici:request:create', begin],
      ['undici:request:error', end],
      ['undici:request:trailers', end],
    ]
    for (const [name, listener] of channels) diagnostics.subscribe(name, listener)
    this.#unsubscribe = () => {
      for (const [name, listener] of channels) diagnostics.unsubscribe(name, listener)
    }
    void this.#advance()
  }

  now = (): number => this.#now

  random = (): number => {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return this.#seed / 2 ** 32
  }

  sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const leave = () => {
        this.#timers.delete(timer)
        reject(signal?.reason)
      }
      const timer: Timer = {
        at: this.#now + Math.max(0, ms),
        order: this.#order++,
        fire: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      this.#timers.add(timer)
      signal?.addEventListener('abort', leave, { once: true })
    })

  /** Time stands still until the promise settles. */
  async real<T>(work: Promise<T>): Promise<T> {
    this.#underWay++
    try {
      return await work
    } finally {
      this.#underWay--
    }
  }

  /** The store, each of whose calls is real work. */
  around = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>
        return (...args: unknown[]) => this.real(method.apply(target, args))
      },
    })

  stop(): void {
    this.#running = false
    this.#unsubscribe()
  }

  async #advance(): Promise<void> {
    // A client takes some turns of the event loop from a granted turn to its request: quiet means quiet for a while.
    for (let quiet = 0; this.#running; ) {
      await new Promise(resolve => setImmediate(resolve))
      quiet = this.#underWay > 0 ? 0 : quiet + 1
      if (quiet < QUIET) continue
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order)
      if (!next) continue
      // What no channel tells of (a module being loaded) is over within this time, or it would be a long jump for nothing.
      if (next.at - this.#now > LONG_MS && quiet < LONG_QUIET) {
        await new Promise(resolve => setTimeout(resolve, 2))
        continue
      }
      quiet = 0
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.fire()
    }
  }
}
