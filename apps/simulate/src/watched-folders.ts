import type { PushKind, WatchGrant, WatchRequest } from '@inlet/sync/provider-port'
import type { MailboxWorld } from './mailbox.ts'

type Watch = { key: string; secret: string; until: number; ended: boolean }

/** One doorbell for each folder, each with its own secret. Registering a folder again replaces what it had. */
export class WatchedFolders {
  readonly #world: MailboxWorld
  readonly #watches = new Map<string, Watch>()

  constructor(world: MailboxWorld) {
    this.#world = world
  }

  watch(key: string, { secret, current }: WatchRequest, until: number): WatchGrant {
    const known = current === null ? undefined : this.#watches.get(current.providerId)
    if (current !== null && known?.ended === false && known.until > this.#world.now()) {
      known.until = until
      return { providerId: current.providerId, expiresAt: until, cursor: null, renewed: true }
    }
    for (const watch of this.#watches.values()) if (watch.key === key) watch.ended = true
    const providerId = `${this.#world.email} watch ${this.#watches.size + 1}`
    this.#watches.set(providerId, { key, secret, until, ended: false })
    return { providerId, expiresAt: until, cursor: null, renewed: false }
  }

  unwatch(providerId: string): void {
    const watch = this.#watches.get(providerId)
    if (watch) watch.ended = true
  }

  rang(key: string): void {
    for (const [providerId, watch] of this.#living())
      if (watch.key === key) this.#ring(providerId, watch.secret, 'changed')
  }

  /** Ends a watch without a word, or says so, or lets it lapse soon and says so. */
  end(share: number): void {
    const living = [...this.#living()]
    const [providerId, watch] = living[Math.floor(share * living.length)] ?? []
    if (providerId === undefined || watch === undefined) return
    const how = Math.floor(share * 1_000) % 3
    if (how === 2) watch.until = Math.min(watch.until, this.#world.now() + 30_000)
    else watch.ended = true
    if (how > 0) this.#ring(providerId, watch.secret, how === 1 ? 'removed' : 'lapsing')
  }

  forge(share: number): void {
    const living = [...this.#living()]
    const [providerId] = living[Math.floor(share * living.length)] ?? []
    const kind = share < 0.3 ? 'removed' : share < 0.5 ? 'lapsing' : 'changed'
    if (providerId !== undefined) this.#ring(providerId, 'a guess', kind)
  }

  revive(until: number): void {
    for (const watch of this.#watches.values()) Object.assign(watch, { until, ended: false })
  }

  secretOf(providerId: string): string | null {
    return this.#watches.get(providerId)?.secret ?? null
  }

  *#living(): Generator<[string, Watch]> {
    for (const [id, watch] of this.#watches)
      if (!watch.ended && watch.until > this.#world.now()) yield [id, watch]
  }

  #ring(providerId: string, secret: string, kind: PushKind): void {
    this.#world.ring({ provider: 'graph', watch: { providerId, secret }, kind })
  }
}
