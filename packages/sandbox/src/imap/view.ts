import type { ImapMailbox } from './mailbox/imap-mailbox.ts'
import type { StoredFolder, StoredPlace } from './mailbox/types.ts'
import { contains, type NumberSet } from './wire/numbers.ts'
import { bad, no } from './wire/refusal.ts'
import type { Token } from './wire/tokens.ts'

/** A place as a session sees it: by its sequence number. */
export interface Seen {
  readonly seq: number
  readonly place: StoredPlace
}

/**
 * One session's picture of the folder it has selected. Sequence numbers change when the session is told of it and not
 * before (RFC 3501 §5.5, §7.4.1): the picture may hold messages that are gone, and lack some that are there.
 */
export class View {
  readonly readOnly: boolean
  readonly mailbox: ImapMailbox
  readonly #id: number
  readonly #uidValidity: number
  /** In the order of sequence numbers, which is theirs. */
  #uids: number[]
  /** The MODSEQ under which each was last told. */
  #told = new Map<number, number>()
  /** The folder's when everything had been told. */
  #settled: number

  constructor(mailbox: ImapMailbox, folder: StoredFolder, readOnly: boolean) {
    this.mailbox = mailbox
    this.readOnly = readOnly
    this.#id = folder.id
    this.#uidValidity = folder.uidValidity
    this.#uids = [...mailbox.places(folder.id).keys()]
    for (const { uid, modseq } of mailbox.places(folder.id).values()) this.#told.set(uid, modseq)
    this.#settled = folder.highestModseq
  }

  /** False once the folder was deleted or numbered anew: the session cannot go on with it. */
  get alive(): boolean {
    return this.mailbox.folder(this.#id)?.uidValidity === this.#uidValidity
  }

  get id(): number {
    return this.#id
  }

  get folder(): StoredFolder {
    return this.mailbox.folder(this.#id) ?? no('The folder is gone')
  }

  /** What a set names, in order; messages that are gone are left out. Numbers beyond the last are BAD. */
  named(set: NumberSet, byUid: boolean): Seen[] {
    const last = byUid ? (this.#uids.at(-1) ?? 0) : this.#uids.length
    const beyond = set.some(range => range.some(n => Number.isFinite(n) && n > last))
    if (!byUid && beyond) bad('There is no message with that number')
    const has = contains(set, last)
    return this.all().filter(({ seq, place }) => has(byUid ? place.uid : seq))
  }

  all(): Seen[] {
    const places = this.mailbox.places(this.#id)
    return this.#uids.flatMap((uid, i) => {
      const place = places.get(uid)
      return place ? [{ seq: i + 1, place }] : []
    })
  }

  seqOf(uid: number): number {
    return this.#uids.indexOf(uid) + 1
  }

  get lastUid(): number {
    return this.#uids.at(-1) ?? 0
  }

  get count(): number {
    return this.#uids.length
  }

  /** The session has said so itself. */
  told(place: StoredPlace): void {
    this.#told.set(place.uid, place.modseq)
  }

  /** What the session is to be told now, as untagged responses; without `expunges` those wait. */
  news(expunges: boolean, flagsOf: (place: StoredPlace) => Token): Token[][] {
    const { highestModseq } = this.folder
    if (highestModseq === this.#settled) return []
    const places = this.mailbox.places(this.#id)
    const out: Token[][] = []
    let waiting = false
    for (let seq = this.#uids.length; seq > 0; seq--) {
      const uid = this.#uids[seq - 1] ?? 0
      if (places.has(uid)) continue
      if (!expunges) {
        waiting = true
        continue
      }
      out.push([String(seq), 'EXPUNGE'])
      this.#uids.splice(seq - 1, 1)
      this.#told.delete(uid)
    }
    this.#uids.forEach((uid, i) => {
      const place = places.get(uid)
      if (!place || place.modseq <= (this.#told.get(uid) ?? 0)) return
      out.push([String(i + 1), 'FETCH', flagsOf(place)])
      this.told(place)
    })
    const { lastUid } = this
    const arrived = [...places.values()].filter(({ uid }) => uid > lastUid)
    for (const place of arrived) {
      this.#uids.push(place.uid)
      this.told(place)
    }
    if (arrived.length > 0) out.push([String(this.#uids.length), 'EXISTS'], ['0', 'RECENT'])
    if (!waiting) this.#settled = highestModseq
    return out
  }
}
