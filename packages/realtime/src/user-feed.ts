import type { ChangesPage } from '@inlet/protocol/changes'
import type { World } from '@inlet/sync/world'
import { backoffMs } from './backoff.ts'
import type { Connection } from './connection.ts'
import { CursorLost, type FeedAccess } from './feed-access.ts'
import type { HubCounters } from './hub-metrics.ts'
import { encodeChanges, encodeEvent, pageAbove } from './sse-encode.ts'

const RETRY = { baseMs: 200, maxMs: 10_000 }

export interface UserFeedContext {
  access: FeedAccess
  world: World
  counters: HubCounters
  /** Told of reads that failed; they are retried in any case. */
  onTrouble(what: string, error: unknown): void
}

/**
 * The streams of one user, and the reads that serve them.
 *
 * Every connection has its own cursor, and gets each page only where it joins on to it: nothing is missed or
 * doubled, whoever read the page. Level connections share one read, made from the lowest of their cursors; one
 * that is further on gets only the part above its own. A connection that joins, or comes back from being
 * slow, reads by itself until it has reached the end, and is level from then on.
 */
export class UserFeed {
  readonly userId: string
  readonly connections = new Set<Connection>()
  readonly #context: UserFeedContext
  readonly #stopped = new AbortController()
  /** The highest head heard of. A hint: it may be behind, and a wrong one costs a read. */
  #wanted = 0
  #pulling = false

  constructor(userId: string, context: UserFeedContext) {
    this.userId = userId
    this.#context = context
  }

  add(connection: Connection): void {
    this.connections.add(connection)
    void this.#catchUp(connection)
  }

  /** Returns how many are left. */
  remove(connection: Connection): number {
    this.connections.delete(connection)
    if (this.connections.size === 0) this.#stopped.abort(new Error('The user has no stream any more.'))
    return this.connections.size
  }

  ring(head: number): void {
    if (head > this.#wanted) this.#wanted = head
    this.#kick()
  }

  /** The sink of a connection has room again. */
  drained(connection: Connection): void {
    connection.fullSince = null
    if (connection.phase !== 'behind') return
    if (connection.cursor !== null && connection.cursor >= this.#wanted) connection.phase = 'level'
    else void this.#catchUp(connection)
  }

  /** The lowest cursor of the level connections, Infinity without any. */
  #lowest(): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const { phase, cursor } of this.connections)
      if (phase === 'level' && cursor !== null && cursor < lowest) lowest = cursor
    return lowest
  }

  #kick(): void {
    // During a read the head is only noted: the loop looks at it before it ends, so one more read follows.
    if (this.#pulling || this.#lowest() >= this.#wanted) return
    this.#pulling = true
    void this.#pull()
  }

  async #pull(): Promise<void> {
    try {
      await this.#pullUntilLevel()
    } finally {
      // In the same turn as the loop's last look at the head: a ring can not fall in between.
      this.#pulling = false
    }
  }

  async #pullUntilLevel(): Promise<void> {
    const { access, counters } = this.#context
    let failures = 0
    for (let after = this.#lowest(); after < this.#wanted; after = this.#lowest()) {
      const wanted = this.#wanted
      try {
        const page = await access.page(this.userId, after, this.#stopped.signal)
        failures = 0
        this.#deliver(page)
        // No further ring came, and the feed ends below the head that was rung: that head was wrong.
        if (!page.more && this.#wanted === wanted && page.next < wanted) this.#wanted = page.next
      } catch (error) {
        if (this.#stopped.signal.aborted) return
        if (error instanceof CursorLost) {
          for (const connection of [...this.connections])
            if (connection.phase === 'level' && connection.cursor === after) void this.#catchUp(connection)
          continue
        }
        counters.pullErrors++
        if (!(await this.#pause('Reading the feed for its streams', error, failures++, this.#stopped.signal)))
          return
      }
    }
  }

  #deliver(page: ChangesPage): void {
    const { world, counters } = this.#context
    const now = world.now()
    let whole: Uint8Array | null = null
    for (const connection of this.connections) {
      const { phase, cursor } = connection
      if (phase !== 'level' || cursor === null) continue
      // Below the page: it became level during the read; the next one starts from it.
      if (cursor >= page.next || cursor < page.after) continue
      let bytes: Uint8Array
      if (cursor === page.after) {
        whole ??= encodeChanges(page)
        bytes = whole
      } else bytes = encodeChanges(pageAbove(page, cursor))
      connection.cursor = page.next
      connection.send(bytes, now, counters)
    }
    if (page.head > this.#wanted) this.#wanted = page.head
  }

  async #catchUp(connection: Connection): Promise<void> {
    const { access, world, counters } = this.#context
    const { signal } = connection.closing
    connection.phase = 'catching-up'
    let lostFloor: number | null = null
    for (let failures = 0; connection.is('catching-up'); ) {
      try {
        if (connection.cursor === null || lostFloor !== null) {
          const head = await access.head(this.userId, signal)
          if (!connection.is('catching-up')) return
          connection.greet(head, world.now(), counters)
          if (lostFloor !== null) this.#resync(connection, lostFloor)
          // Whatever mirror the reader starts now begins at this head or above.
          connection.cursor = head
          lostFloor = null
        }
        const page = await access.page(this.userId, connection.cursor, signal)
        if (!connection.is('catching-up')) return
        failures = 0
        this.#write(connection, page)
      } catch (error) {
        if (!connection.is('catching-up')) return
        if (error instanceof CursorLost) lostFloor = error.floor
        else counters.pullErrors++
        // Once lost is an answer; lost again right after starting from the head is a fault like any other.
        if (error instanceof CursorLost && failures++ === 0) continue
        if (!(await this.#pause('Reading the feed for one stream', error, failures++, signal))) return
      }
    }
  }

  #resync(connection: Connection, floor: number): void {
    const { world, counters } = this.#context
    connection.send(encodeEvent({ event: 'resync', data: { floor } }), world.now(), counters)
  }

  #write(connection: Connection, page: ChangesPage): void {
    const { world, counters } = this.#context
    const now = world.now()
    connection.greet(page.head, now, counters)
    if (connection.cursor === null || page.next > connection.cursor) {
      connection.cursor = page.next
      connection.send(encodeChanges(page), now, counters)
    }
    // Every page teaches the head, whoever it was read for: one that drains later must not take itself for level.
    if (page.head > this.#wanted) this.#wanted = page.head
    if (connection.is('catching-up')) {
      if (connection.fullSince !== null) connection.phase = 'behind'
      else if (!page.more) connection.phase = 'level'
    }
    this.#kick()
  }

  /** False when there is nobody left to wait for. */
  async #pause(what: string, error: unknown, failures: number, signal: AbortSignal): Promise<boolean> {
    const { world, onTrouble } = this.#context
    onTrouble(what, error)
    try {
      await world.sleep(backoffMs(failures, world, RETRY), signal)
      return true
    } catch {
      return false
    }
  }
}
