import type { ChangesPage } from '@inlet/protocol/changes'
import { CursorTooOld, type FeedReader } from '@inlet/sync/feed-port'
import type { World } from '@inlet/sync/world'
import { withDeadline } from './deadline.ts'
import { Gate } from './gate.ts'
import type { HubCounters } from './hub-metrics.ts'

/** The reader's cursor is not one that this feed can go on from: its mirror has to start again. */
export class CursorLost extends Error {
  readonly floor: number
  constructor(after: number, floor: number) {
    super(`The feed cannot go on from ${after}; it holds what came after ${floor}.`)
    this.name = 'CursorLost'
    this.floor = floor
  }
}

export interface FeedAccessOptions {
  feed: FeedReader
  world: World
  counters: HubCounters
  /** Changes in one page. */
  pageLimit: number
  readTimeoutMs: number
  /** Reads at once, over all users, so that a wave of rings leaves the database's connections to others too. */
  concurrency: number
}

/** The hub's reads: bounded in size, time and number, and checked before anyone relies on them. */
export class FeedAccess {
  readonly #options: FeedAccessOptions
  readonly #gate: Gate

  constructor(options: FeedAccessOptions) {
    this.#options = options
    this.#gate = new Gate(options.concurrency)
  }

  /** Throws CursorLost, or whatever the feed throws. */
  async page(userId: string, after: number, signal: AbortSignal): Promise<ChangesPage> {
    const { feed, world, counters, pageLimit, readTimeoutMs } = this.#options
    const page = await this.#gate
      .run(() => {
        signal.throwIfAborted()
        counters.pulls++
        const what = `Reading the feed after ${after}`
        return withDeadline(world, readTimeoutMs, what, s => feed.follow(userId, after, pageLimit, s), signal)
      })
      .catch(error => {
        throw error instanceof CursorTooOld ? new CursorLost(after, error.floor) : error
      })
    // A cursor above the head was given out by a database that has since been restored to an earlier state.
    if (page.head < after) throw new CursorLost(after, page.floor)
    if (page.after !== after)
      throw new Error(`The feed was asked after ${after} and answered after ${page.after}.`)
    if (page.more && page.next <= after)
      throw new Error(`The feed says there is more after ${after}, but its page ends at ${page.next}.`)
    return page
  }

  /** 0 for a user whose feed has not begun. */
  async head(userId: string, signal: AbortSignal): Promise<number> {
    const { feed, world, readTimeoutMs } = this.#options
    return await this.#gate.run(async () => {
      signal.throwIfAborted()
      const read = (s: AbortSignal) => feed.heads([userId], s)
      const heads = await withDeadline(world, readTimeoutMs, 'Reading a head', read, signal)
      return heads.get(userId) ?? 0
    })
  }
}
