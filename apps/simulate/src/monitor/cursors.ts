import type { ResourceState } from '@inlet/testkit/memory-store/state'
import { expectedRow } from '../expected.ts'
import { idOf } from '../ids.ts'
import { same } from '../same.ts'
import type { Watched } from './watched.ts'

/** Provider cursors as they move: never back (I8), and never past what is stored (I1, I9). */
export class CursorWatch {
  readonly #watched: Watched
  readonly #cursors = new Map<string, string | null>()

  constructor(watched: Watched) {
    this.#watched = watched
  }

  /** After each transaction of the database, in the same step. */
  committed(): void {
    for (const lane of this.#watched.state.resources.values()) {
      if (lane.lane !== 'live' && lane.lane !== 'listing') continue
      const before = this.#cursors.get(lane.id) ?? null
      if (lane.cursor === before) continue
      this.#cursors.set(lane.id, lane.cursor)
      if (lane.lane === 'live') this.#liveCursorMoved(lane, before)
      else if (lane.cursor === null) this.#covered(lane, 'when the listing ended')
    }
  }

  #liveCursorMoved(lane: ResourceState, before: string | null): void {
    this.#watched.trace.say('database', `live cursor ${before ?? 'none'} → ${lane.cursor ?? 'none'}`)
    if (before !== null && lane.cursor !== null && BigInt(lane.cursor) < BigInt(before))
      this.#watched.violations.report('I8', `The live cursor went back from ${before} to ${lane.cursor}.`)
    this.#covered(lane, 'when the cursor moved')
  }

  /**
   * I1 and I9, seen from outside: whatever the provider has up to the cursor is stored as it is, or is a failed item, or
   * lies in a gap that a listing is going to walk.
   */
  #covered(lane: ResourceState, when: string): void {
    const user = this.#watched.state.users.get(lane.userId)
    const email = user?.accounts.get(lane.accountId)?.row.email
    const mailbox = email === undefined ? undefined : this.#watched.mailboxes.get(email)
    const lanes = [...this.#watched.state.resources.values()].filter(
      each => each.accountId === lane.accountId,
    )
    const cursor = lanes.find(each => each.lane === 'live')?.cursor ?? null
    if (!user || !mailbox || cursor === null) return
    if (lanes.some(each => each.lane === 'listing' && each.cursor !== null)) return
    const upTo = BigInt(cursor)
    for (const message of mailbox.messages.values()) {
      if (message.version > upTo) continue
      const id = idOf(lane.accountId, 'message', message.id)
      if (user.failedItems.has(id)) continue
      const stored = user.messages.get(id)
      const current =
        stored &&
        (stored.version >= message.version || same(stored.row, expectedRow(lane.accountId, message)))
      if (current) continue
      const how = stored ? `is stored as of ${stored.version} instead of` : 'is missing, which is at'
      this.#watched.violations.report(
        'I1',
        `Message ${message.id} ${how} ${message.version} in ${mailbox.email} ${when} (cursor ${cursor}).`,
      )
    }
  }
}
