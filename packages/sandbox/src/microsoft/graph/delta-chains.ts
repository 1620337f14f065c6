import type { Clock } from '../../clock.ts'
import { secret } from '../../mailbox/ids.ts'
import type { Place } from '../../mailbox/order.ts'
import type { Collection, Op, Store } from '../../store/store.ts'

/** What the first request of a delta asked for; its links carry it on. */
export interface DeltaOptions {
  /** A folder's key, or `folders` for the folder hierarchy. */
  scope: string
  select: readonly string[] | null
  expand: readonly string[]
  top: number | null
  /** `receivedDateTime` from here on, epoch ms. */
  since: { time: number; inclusive: boolean } | null
  newestFirst: boolean
  changeType: 'created' | 'updated' | 'deleted' | null
}

export interface Position {
  /** Changes up to this number have been shown, or are part of the walk. */
  at: number
  /** The first round's walk over everything: how far it is. Null in later rounds. */
  walk: { after: Place | null; shown: number } | null
}

interface StoredChain {
  id: string
  email: string
  options: DeltaOptions
  /** Number of the newest page given out. */
  highest: number
  /** Links that still work, by token. */
  links: Readonly<Record<string, Position & { generation: number }>>
  expired: boolean
  used: number
}

export interface OpenChain {
  chain: StoredChain
  position: Position & { generation: number }
}

export type Refusal = { refused: 'malformed' } | { refused: 'gone'; code: string; message: string }

/** Exchange keeps the last few generations of a sync state; older links are answered 410. */
const LIVE_GENERATIONS = 3
/** Per mailbox; the least recently used ones make room. */
const MAX_CHAINS = 500

/** The state behind the opaque links of all deltas. */
export class DeltaChains {
  #store: Store
  #clock: Clock
  #chains: Collection<StoredChain>

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#chains = store.collection('delta-chains')
  }

  /** A new chain, not yet stored: `advance` does that with its first link. */
  start(email: string, options: DeltaOptions, at: number): OpenChain {
    const chain: StoredChain = {
      id: secret(12),
      email,
      options,
      highest: 0,
      links: {},
      expired: false,
      used: this.#clock.now(),
    }
    return { chain, position: { at, walk: { after: null, shown: 0 }, generation: 0 } }
  }

  /** What a token stands for, or why it cannot be used. */
  find(email: string, scope: string, token: string): OpenChain | Refusal {
    const [id = '', generation = ''] = Buffer.from(token, 'base64url').toString().split(':')
    if (!/^[\w-]{16}$/.test(id) || !/^\d+$/.test(generation)) return { refused: 'malformed' }
    const chain = this.#chains.get(id)
    if (chain && (chain.email !== email || chain.options.scope !== scope)) return { refused: 'malformed' }
    const position = chain?.links[token]
    if (chain && position) return { chain, position }
    const { highest = 0 } = chain ?? {}
    return {
      refused: 'gone',
      code: chain && !chain.expired ? 'SyncStateNotFound' : 'syncStateNotFound',
      message: `The sync state generation is not found; generation=${generation};[highest=${highest}][${highest}][${highest - 2}][${highest - 1}].`,
    }
  }

  /** Gives out a link to the next position and lets the oldest generation die. */
  advance({ chain, position }: OpenChain, next: Position): string {
    const current = this.#chains.get(chain.id) ?? chain
    const generation = position.generation + 1
    const highest = Math.max(current.highest, generation)
    const token = Buffer.from(`${chain.id}:${generation}:${secret(9)}`).toString('base64url')
    const live = Object.entries({ ...current.links, [token]: { ...next, generation } }).filter(
      ([, link]) => link.generation > highest - LIVE_GENERATIONS,
    )
    const links = Object.fromEntries(live.slice(-4 * LIVE_GENERATIONS))
    const used = this.#clock.now()
    this.#store.commit([
      this.#chains.put(chain.id, { ...current, links, highest, used }),
      ...this.#surplus(chain),
    ])
    return token
  }

  /** Kills every link given out so far, of one scope or all. Returns how many chains that were. */
  expire(email: string, scope?: string): number {
    const hit = [...this.#chains.values()].filter(
      chain => chain.email === email && (scope === undefined || chain.options.scope === scope),
    )
    this.#store.commit(hit.map(chain => this.#chains.put(chain.id, { ...chain, links: {}, expired: true })))
    return hit.length
  }

  count(email: string): number {
    return [...this.#chains.values()].filter(chain => chain.email === email).length
  }

  #surplus(keep: StoredChain): Op[] {
    if (this.#chains.size < MAX_CHAINS) return []
    const own = [...this.#chains.values()].filter(({ id, email }) => email === keep.email && id !== keep.id)
    const oldest = own.sort((a, b) => a.used - b.used).slice(0, Math.max(0, own.length + 1 - MAX_CHAINS))
    return oldest.map(chain => this.#chains.del(chain.id))
  }
}
