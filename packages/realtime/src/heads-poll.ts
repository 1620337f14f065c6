import type { FeedReader } from '@inlet/sync/feed-port'
import type { World } from '@inlet/sync/world'
import { withDeadline } from './deadline.ts'
import type { HubCounters } from './hub-metrics.ts'

/** Users in one question to the feed. */
const BATCH = 500

export interface HeadsPollOptions {
  feed: FeedReader
  world: World
  counters: HubCounters
  timeoutMs: number
  onTrouble(what: string, error: unknown): void
}

/** Looks at the heads of many users: what stands in for rings while the bus is down, and finds the ones it lost. */
export class HeadsPoll {
  readonly #options: HeadsPollOptions
  #running = false

  constructor(options: HeadsPollOptions) {
    this.#options = options
  }

  get running(): boolean {
    return this.#running
  }

  /** Calls `found` for each user that has a feed. One round at a time: a call during a round does nothing. */
  async run(
    userIds: string[],
    signal: AbortSignal,
    found: (userId: string, head: number) => void,
  ): Promise<void> {
    if (this.#running) return
    this.#running = true
    const { feed, world, counters, timeoutMs, onTrouble } = this.#options
    try {
      for (let i = 0; i < userIds.length && !signal.aborted; i += BATCH) {
        const batch = userIds.slice(i, i + BATCH)
        counters.headPolls++
        const read = (s: AbortSignal) => feed.heads(batch, s)
        const heads = await withDeadline(world, timeoutMs, 'Reading heads', read, signal)
        for (const [userId, head] of heads) found(userId, head)
      }
    } catch (error) {
      if (signal.aborted) return
      counters.headPollErrors++
      onTrouble('Looking at the heads', error)
    } finally {
      this.#running = false
    }
  }
}
