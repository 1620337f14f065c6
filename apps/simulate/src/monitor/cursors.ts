import { laneId } from '@inlet/testkit/memory-store/listings'
import type { ResourceState } from '@inlet/testkit/memory-store/state'
import { expectedRow } from '../expected.ts'
import { idOf } from '../ids.ts'
import type { Mailbox } from '../mailbox.ts'
import { same } from '../same.ts'
import type { Watched } from './watched.ts'

/** Transactions that are many and change neither cursors nor which lanes there are. */
const KEEPS_CURSORS = new Set(['claimDue', 'renewLease', 'finish', 'mark', 'markSilent', 'recordPush'])

/** Provider cursors as they move: never back (I8), and never past what is stored (I1, I9). */
export class CursorWatch {
  readonly #watched: Watched
  readonly #cursors = new Map<string, string | null>()

  constructor(watched: Watched) {
    this.#watched = watched
  }

  /** After each transaction of the database, in the same step. */
  committed(name: string): void {
    if (KEEPS_CURSORS.has(name)) return
    const { state } = this.#watched
    // A lane that has ended may begin again, with a cursor of its own.
    for (const id of this.#cursors.keys()) if (!state.resources.has(id)) this.#cursors.delete(id)
    for (const lane of state.resources.values()) {
      if (lane.lane !== 'live' && lane.lane !== 'listing') continue
      const before = this.#cursors.get(lane.id) ?? null
      const moved = lane.cursor !== before
      const mailbox = moved || lane.lane === 'live' ? this.#mailboxOf(lane) : undefined
      if (!mailbox) continue
      if (lane.lane === 'live' && lane.key === mailbox.traits.tree) this.#followed(lane, mailbox)
      if (!moved) continue
      this.#cursors.set(lane.id, lane.cursor)
      if (lane.lane === 'live') this.#liveCursorMoved(lane, before, mailbox)
      else if (lane.cursor === null) this.#covered(lane, 'when the listing ended', mailbox)
    }
  }

  #mailboxOf({ userId, accountId }: ResourceState): Mailbox | undefined {
    const email = this.#watched.state.users.get(userId)?.accounts.get(accountId)?.row.email
    return email === undefined ? undefined : this.#watched.mailboxes.get(email)
  }

  #liveCursorMoved(lane: ResourceState, before: string | null, mailbox: Mailbox): void {
    const { trace, violations } = this.#watched
    trace.say('database', `live cursor of ${lane.key} ${before ?? 'none'} → ${lane.cursor ?? 'none'}`)
    if (before !== null && lane.cursor !== null && mailbox.position(lane.cursor) < mailbox.position(before))
      violations.report('I8', `The live cursor of ${lane.key} went back from ${before} to ${lane.cursor}.`)
    this.#covered(lane, 'when the cursor moved', mailbox)
  }

  /** I9 for the list of folders: each that was made before its cursor is followed, from whichever list it came. */
  #followed({ accountId, cursor }: ResourceState, mailbox: Mailbox): void {
    if (cursor === null) return
    const { state, violations } = this.#watched
    const upTo = mailbox.position(cursor)
    for (const { key, at } of mailbox.branches())
      if (at <= upTo && !state.resources.has(laneId(accountId, key, 'live')))
        violations.report(
          'I9',
          `Nothing follows ${key} of ${mailbox.email}, which was made at ${at}, before ${cursor}.`,
        )
  }

  /**
   * I1 and I9, seen from outside: whatever a resource has told up to its cursor is stored as it is, or is a failed item,
   * or lies in a gap that a listing is going to walk.
   */
  #covered({ userId, accountId, key }: ResourceState, when: string, mailbox: Mailbox): void {
    const { state, violations } = this.#watched
    const user = state.users.get(userId)
    const cursor = state.resources.get(laneId(accountId, key, 'live'))?.cursor ?? null
    if (!user || cursor === null) return
    if ((state.resources.get(laneId(accountId, key, 'listing'))?.cursor ?? null) !== null) return
    const upTo = mailbox.position(cursor)
    if (mailbox.traits.placed) this.#placesCovered({ userId, accountId, key }, cursor, when, mailbox)
    for (const { message, at } of mailbox.told(key)) {
      if (at > upTo) continue
      const id = idOf(accountId, 'message', message.id)
      if (user.failedItems.has(id)) continue
      const stored = user.messages.get(id)
      const current =
        stored && (stored.version >= message.version || same(stored.row, expectedRow(accountId, message)))
      if (current) continue
      const how = stored ? `is stored as of ${stored.version} instead of` : 'is missing, which is at'
      violations.report(
        'I1',
        `Message ${message.id} ${how} ${message.version} in ${key} of ${mailbox.email} ${when} (cursor ${cursor}).`,
      )
    }
  }

  /**
   * The same where messages have places: what lies in the folder below the cursor's UID is stored there, with the flags that
   * it had at the cursor's MODSEQ, and its message is stored or a failed item; and of what lies nowhere any more, somebody
   * is going to ask.
   */
  #placesCovered(
    { userId, accountId, key }: Pick<ResourceState, 'userId' | 'accountId' | 'key'>,
    cursor: string,
    when: string,
    mailbox: Mailbox,
  ): void {
    const { state, violations } = this.#watched
    const user = state.users.get(userId)
    if (!user || !cursor.startsWith('{')) return
    const { uidValidity, uidNext, highestModseq, sweptAt } = JSON.parse(cursor) as Record<
      string,
      string | number | null
    >
    const stored = new Map<number, string>()
    const placed = new Set<string>()
    for (const place of state.places.values()) {
      if (place.accountId !== accountId || place.gone) continue
      placed.add(idOf(accountId, 'message', place.messageId))
      if (place.resource === key && place.epoch === uidValidity)
        stored.set(place.uid, `${place.messageId} (${place.flags.join(' ')})`)
    }
    const tell = (what: string) =>
      violations.report('I1', `${what} in ${key} of ${mailbox.email} ${when} (cursor ${cursor}).`)
    for (const { uid, epoch, messageId, flags, modseq } of mailbox.lying(key)) {
      if (epoch !== uidValidity || uid >= Number(uidNext)) continue
      const held = stored.get(uid)
      // With sweptAt 0 everything is going to be compared.
      const old = modseq === null || modseq > BigInt(highestModseq ?? 0) || sweptAt === 0
      if (held === undefined) tell(`Nothing is stored at UID ${uid}, where ${messageId} lies,`)
      else if (!old && held !== `${messageId} (${flags.join(' ')})`)
        tell(`UID ${uid} is stored as ${held} and is ${messageId} (${flags.join(' ')})`)
      const id = idOf(accountId, 'message', messageId)
      if (!user.messages.has(id) && !user.failedItems.has(id))
        tell(`Message ${messageId} is missing, which lies`)
    }
    for (const { uid, epoch, modseq } of mailbox.expunged(key))
      if (epoch === uidValidity && modseq <= BigInt(highestModseq ?? 0) && sweptAt !== 0 && stored.has(uid))
        tell(`Something is stored at UID ${uid}, which the server has told to be gone,`)
    for (const [id, { row, providerId }] of user.messages)
      if (row.accountId === accountId && !placed.has(id) && !user.failedItems.has(id))
        tell(`Message ${providerId} lies nowhere and nobody is going to ask, seen`)
  }
}
