import type { Change, ChangesPage } from '@inlet/protocol/changes'
import { CursorTooOld, type FeedReader } from '@inlet/sync/feed-port'

/** Feeds in memory: rows at their latest state, tombstones, one sequence per user. */
export class MemoryFeed implements FeedReader {
  readonly #users = new Map<string, { head: number; floor: number; rows: Map<string, Change> }>()
  /** Runs before and after the look at the data, so that a test can hold a read up on either side of it. */
  pause: () => Promise<void> = async () => {}
  /** Reads fail while it is set. */
  fault: Error | null = null
  follows = 0
  concurrent = 0
  mostConcurrent = 0

  #user(userId: string) {
    let user = this.#users.get(userId)
    if (user === undefined) {
      user = { head: 0, floor: 0, rows: new Map() }
      this.#users.set(userId, user)
    }
    return user
  }

  /** Commits one change of each row; returns the head. */
  write(userId: string, ...ids: string[]): number {
    const user = this.#user(userId)
    for (const id of ids) {
      user.head++
      const row = {
        id,
        accountId: 'a',
        name: `at ${user.head}`,
        role: null,
        color: null,
        hidden: false,
        total: 0,
        unread: 0,
      }
      user.rows.set(id, { kind: 'label', op: 'upsert', id, seq: user.head, row })
    }
    return user.head
  }

  delete(userId: string, id: string): number {
    const user = this.#user(userId)
    user.head++
    user.rows.set(id, { kind: 'label', op: 'delete', id, seq: user.head })
    return user.head
  }

  /** Forgets tombstones up to `floor`. */
  prune(userId: string, floor: number): void {
    const user = this.#user(userId)
    user.floor = floor
    for (const [id, change] of user.rows)
      if (change.op === 'delete' && change.seq <= floor) user.rows.delete(id)
  }

  /** As a restored backup would: the feed ends at an earlier head. */
  restoreTo(userId: string, head: number): void {
    const user = this.#user(userId)
    user.head = head
    for (const [id, change] of user.rows) if (change.seq > head) user.rows.delete(id)
  }

  head(userId: string): number {
    return this.#user(userId).head
  }

  /** What a reader that has everything knows: row → seq, without tombstones. */
  truth(userId: string): Map<string, number> {
    const upserts = [...this.#user(userId).rows.values()].filter(change => change.op === 'upsert')
    return new Map(upserts.map(change => [change.id, change.seq]))
  }

  async follow(userId: string, after: number, limit: number): Promise<ChangesPage> {
    this.follows++
    this.concurrent++
    this.mostConcurrent = Math.max(this.mostConcurrent, this.concurrent)
    try {
      await this.pause()
      if (this.fault !== null) throw this.fault
      const { head, floor, rows } = this.#user(userId)
      if (after < floor) throw new CursorTooOld(after, floor)
      const above = [...rows.values()].filter(change => change.seq > after).sort((a, b) => a.seq - b.seq)
      const changes = above.slice(0, limit)
      const more = above.length > changes.length
      const page = { after, changes, next: more ? (changes.at(-1)?.seq ?? after) : head, head, floor, more }
      await this.pause()
      return page
    } finally {
      this.concurrent--
    }
  }

  async heads(userIds: string[]): Promise<Map<string, number>> {
    await this.pause()
    if (this.fault !== null) throw this.fault
    const known = userIds.filter(userId => this.#users.has(userId))
    return new Map(known.map(userId => [userId, this.#user(userId).head]))
  }

  async fill(): Promise<never> {
    throw new Error('The hub never fills.')
  }
}
