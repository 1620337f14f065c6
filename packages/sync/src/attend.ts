import type { Provider } from '@inlet/protocol/entities'
import type { Attended } from './attendance-store.ts'
import { Attendant, type Attention } from './attendant.ts'
import type { Engine } from './engine.ts'

/** A worker is taken for dead after so long without a round. */
const LEASE_MS = 45_000
const ROUND_MS = 10_000

/**
 * One worker's share of the accounts whose doorbell is a connection that somebody must hold (IMAP IDLE). Each round it
 * learns from the store which ones are its own now: what is new begins, what is not among them any more drains.
 */
export class Attendance {
  readonly #engine: Engine
  readonly #workerId: string
  readonly #onMark: () => void
  readonly #attendants = new Map<string, Attendant>()
  /** Until when what we hold is ours, should the store not answer. */
  #ours = 0

  constructor(engine: Engine, options: { workerId: string; onMark: () => void }) {
    this.#engine = engine
    this.#workerId = options.workerId
    this.#onMark = options.onMark
  }

  /** How many accounts are in which state. */
  get figures(): Partial<Record<Attention['state'], number>> {
    const figures: Partial<Record<Attention['state'], number>> = {}
    for (const { attention } of this.#attendants.values())
      figures[attention.state] = (figures[attention.state] ?? 0) + 1
    return figures
  }

  attentionTo(accountId: string): Attention | null {
    return this.#attendants.get(accountId)?.attention ?? null
  }

  /** Works until aborted, then lets go of everything, so that another worker takes it up at its next round. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, world, log, providers } = this.#engine
    const attended: Provider[] = [...providers].flatMap(([name, { port }]) => (port.attend ? [name] : []))
    if (attended.length === 0) return
    const round = async () => {
      const now = world.now()
      const held = await store.attend({
        workerId: this.#workerId,
        providers: attended,
        now,
        leaseMs: LEASE_MS,
      })
      this.#ours = now + LEASE_MS
      this.#hold(held)
    }
    while (!signal.aborted) {
      await round().catch((error: unknown) => {
        log.warn({ error: String(error) }, 'it is not known which accounts are attended here')
        if (world.now() >= this.#ours) this.#hold([])
      })
      await world.sleep(ROUND_MS * (0.8 + 0.4 * world.random()), signal).catch(() => {})
    }
    const all = [...this.#attendants.values()]
    this.#attendants.clear()
    await Promise.all(all.map(attendant => attendant.stop()))
    await store.leave(this.#workerId).catch((error: unknown) => {
      log.warn({ error: String(error) }, 'the leases of this worker end by themselves')
    })
  }

  #hold(held: Attended[]): void {
    const ids = new Set(held.map(({ accountId }) => accountId))
    for (const [id, attendant] of this.#attendants)
      if (!ids.has(id)) {
        this.#attendants.delete(id)
        void attendant.stop()
      }
    for (const account of held)
      if (!this.#attendants.has(account.accountId))
        this.#attendants.set(account.accountId, new Attendant(this.#engine, account, this.#onMark))
  }
}
