import type { Attended } from './attendance-store.ts'
import { connect } from './connection.ts'
import { type Engine, providerOf } from './engine.ts'
import { ProviderError } from './provider-errors.ts'
import { backoffMs } from './retry.ts'
import type { Lane } from './store-port.ts'

/**
 * starting: connecting, or nothing has been heard yet. attending: the doorbell is held. waiting: it failed and is tried
 * again at `retryAt`. draining: told to stop, on its way to `stopped`.
 */
export type Attention = {
  state: 'starting' | 'attending' | 'waiting' | 'draining' | 'stopped'
  since: number
  error: string | null
  retryAt: number | null
}

const RETRY = { first: 1_000, most: 5 * 60_000 }
/** One that lasted was sound; the next trouble is a new one. */
const SOUND_MS = 5 * 60_000

/**
 * Holds one account's doorbell while it runs, and takes it up again, later each time, whenever it breaks. What rings is
 * only marked: the runner does the work.
 */
export class Attendant {
  readonly #engine: Engine
  readonly #account: Attended
  readonly #onMark: () => void
  readonly #stopping = new AbortController()
  readonly #done: Promise<void>
  #attention: Attention
  #marking = Promise.resolve()
  /** Keys that rang while a mark was under way. */
  readonly #rung = new Set<string>()
  #resources = new Map<string, string>()

  /** `onMark`: something is due now. */
  constructor(engine: Engine, account: Attended, onMark: () => void) {
    this.#engine = engine
    this.#account = account
    this.#onMark = onMark
    this.#attention = { state: 'starting', since: engine.world.now(), error: null, retryAt: null }
    this.#done = this.#run()
  }

  get attention(): Attention {
    return this.#attention
  }

  /** Lets go of the doorbell; the adapter promises to need no more than two seconds. */
  async stop(): Promise<void> {
    if (!this.#stopping.signal.aborted) this.#become('draining')
    this.#stopping.abort(new DOMException('The account is not attended here any more.', 'AbortError'))
    await this.#done
  }

  async #run(): Promise<void> {
    const { world, log } = this.#engine
    const { signal } = this.#stopping
    const { accountId } = this.#account
    for (let failures = 0; !signal.aborted; ) {
      const started = world.now()
      const conn = connect(this.#engine, this.#account)
      try {
        const account = await this.#engine.store.account(accountId)
        const live = account?.resources.filter(({ lane }) => lane === 'live') ?? []
        this.#resources = new Map(live.map(({ key, id }) => [key, id]))
        const { port } = providerOf(this.#engine, this.#account.provider)
        await port.attend?.(conn, key => this.#ring(key), signal)
        throw new ProviderError('transient', 'The connection that rings was closed.')
      } catch (error) {
        if (signal.aborted) break
        await conn.refused(error).catch(() => {})
        failures = world.now() - started > SOUND_MS ? 1 : failures + 1
        const message = error instanceof Error ? error.message : String(error)
        const floor = error instanceof ProviderError ? (error.retryAt ?? 0) : 0
        const spread = backoffMs(failures - 1, 0.5 + world.random() / 2, RETRY.first, RETRY.most)
        const retryAt = Math.max(world.now() + spread, floor)
        this.#become('waiting', { error: message, retryAt })
        log.warn({ accountId, error: message, retryAt }, 'the doorbell broke; polling goes on')
        await world.sleep(retryAt - world.now(), signal).catch(() => {})
        if (!signal.aborted) this.#become('starting', { error: message })
      }
    }
    await this.#marking
    this.#become('stopped')
  }

  #become(state: Attention['state'], more: Partial<Attention> = {}): void {
    this.#attention = { state, since: this.#engine.world.now(), error: null, retryAt: null, ...more }
  }

  #ring(key: string): void {
    if (this.#stopping.signal.aborted) return
    if (this.#attention.state !== 'attending') {
      this.#become('attending')
      this.#marking = this.#marking.then(() => this.#markAll())
      return
    }
    if (this.#rung.size === 0) this.#marking = this.#marking.then(() => this.#mark())
    this.#rung.add(key)
  }

  /** The provider answers: nobody has listened for a while, and what failed while it did not is tried again at once. */
  async #markAll(): Promise<void> {
    const { accountId } = this.#account
    const all = { accountId, lanes: ['live', 'listing', 'items', 'mutations'] satisfies Lane[] }
    await this.#marked(({ store, world }) => store.mark(all, 'connect', world.now()))
  }

  async #mark(): Promise<void> {
    const keys = [...this.#rung]
    this.#rung.clear()
    await this.#marked(async ({ store, world }) => {
      for (const key of keys) {
        const resourceId = this.#resources.get(key)
        if (resourceId !== undefined) await store.mark({ resourceId }, 'push', world.now())
      }
    })
  }

  async #marked(mark: (engine: Engine) => Promise<unknown>): Promise<void> {
    try {
      await mark(this.#engine)
      this.#onMark()
    } catch (error) {
      // A lost ring costs time: the mailbox is polled, too (I3).
      this.#engine.log.warn({ accountId: this.#account.accountId, error: String(error) }, 'a ring was lost')
    }
  }
}
