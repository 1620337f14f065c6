import type { Random } from '../random.ts'
import type { Letter } from './letter.ts'

/** What a server can tell, from its age: expunges exactly, flags alone, or nothing. */
export type Age = 'qresync' | 'condstore' | 'plain'
export type Entry = { uid: number; letter: Letter; flags: ReadonlySet<string>; modseq: bigint }
export type Folder = {
  /** MAILBOXID: stays through a rename. */
  id: string
  path: string
  /** SPECIAL-USE. */
  use: string | null
  uidValidity: number
  uidNext: number
  modseq: bigint
  readonly entries: Map<number, Entry>
  readonly expunged: { uid: number; modseq: bigint }[]
}
export type Snapshot = Pick<Folder, 'path' | 'uidValidity' | 'uidNext' | 'modseq' | 'expunged'> & {
  of: Folder
  entries: ReadonlyMap<number, Entry>
}

/** A server's folders: every change of one moves its numbers as RFC 3501, 7162 and 8474 say. */
export class MailStore {
  readonly folders = new Map<string, Folder>()
  readonly age: Age
  readonly #random: Random
  readonly #changed: (folder: Folder, ids: readonly string[]) => void
  #made = 0
  /** The last UIDVALIDITY under each path: folders share them, a path never sees one again. */
  readonly #epochs = new Map<string, number>()

  constructor(age: Age, random: Random, changed: (folder: Folder, ids: readonly string[]) => void) {
    this.age = age
    this.#random = random
    this.#changed = changed
  }

  make(path: string, use: string | null = null): Folder {
    const known = this.folders.get(path)
    if (known) return known
    const folder: Folder = {
      id: `box${++this.#made}`,
      path,
      use,
      uidValidity: this.#epochFor(path),
      uidNext: 1,
      modseq: 1n,
      entries: new Map(),
      expunged: [],
    }
    this.folders.set(path, folder)
    this.#changed(folder, [])
    return folder
  }

  remove(folder: Folder): void {
    if (!this.folders.delete(folder.path)) return
    this.#changed(
      folder,
      [...folder.entries.values()].map(({ letter }) => letter.id),
    )
  }

  /** Some servers number a folder anew when it is renamed. */
  rename(folder: Folder, path: string): void {
    if (this.folders.has(path)) return
    this.folders.delete(folder.path)
    const known = this.#epochs.has(path)
    folder.path = path
    this.folders.set(path, folder)
    this.#epochs.set(path, Math.max(folder.uidValidity, this.#epochs.get(path) ?? 0))
    if (known || this.#random.chance(0.3)) this.renumber(folder)
    else this.#told(folder, [...folder.entries.values()])
  }

  append(folder: Folder, letter: Letter, flags: Iterable<string> = []): Entry {
    const entry = { uid: folder.uidNext++, letter, flags: new Set(flags), modseq: ++folder.modseq }
    folder.entries.set(entry.uid, entry)
    this.#told(folder, [entry])
    return entry
  }

  expunge(folder: Folder, uids: readonly number[]): void {
    const gone = uids.flatMap(uid => folder.entries.get(uid) ?? [])
    for (const { uid } of gone) {
      folder.entries.delete(uid)
      // Without QRESYNC an expunge need not move the number.
      if (this.age === 'qresync') folder.expunged.push({ uid, modseq: ++folder.modseq })
    }
    if (gone.length > 0) this.#told(folder, gone)
  }

  flag(folder: Folder, uids: readonly number[], add: readonly string[], remove: readonly string[]): void {
    const changed: Entry[] = []
    for (const uid of uids) {
      const entry = folder.entries.get(uid)
      if (!entry) continue
      const flags = new Set(entry.flags)
      for (const flag of remove) flags.delete(flag)
      for (const flag of add) flags.add(flag)
      if (flags.size === entry.flags.size && [...flags].every(flag => entry.flags.has(flag))) continue
      const next = { ...entry, flags, modseq: ++folder.modseq }
      folder.entries.set(uid, next)
      changed.push(next)
    }
    if (changed.length > 0) this.#told(folder, changed)
  }

  copy(from: Folder, uids: readonly number[], to: Folder): void {
    for (const uid of uids) {
      const entry = from.entries.get(uid)
      if (entry) this.append(to, entry.letter, entry.flags)
    }
  }

  move(from: Folder, uids: readonly number[], to: Folder): void {
    if (from === to) return
    this.copy(from, uids, to)
    this.expunge(from, uids)
  }

  /** Another UIDVALIDITY: each message has another UID. */
  renumber(folder: Folder): void {
    const all = [...folder.entries.values()]
    folder.entries.clear()
    folder.expunged.length = 0
    folder.uidValidity = this.#epochFor(folder.path)
    folder.uidNext = 1 + this.#random.int(0, 3)
    folder.modseq = 1n
    for (const { letter, flags } of all) {
      const uid = folder.uidNext++
      folder.entries.set(uid, { uid, letter, flags, modseq: ++folder.modseq })
    }
    this.#told(folder, all)
  }

  snapshot(folder: Folder): Snapshot {
    const { path, uidValidity, uidNext, modseq } = folder
    const [entries, expunged] = [new Map(folder.entries), folder.expunged.slice()]
    return { of: folder, path, uidValidity, uidNext, modseq, entries, expunged }
  }

  #epochFor(path: string): number {
    const epoch = (this.#epochs.get(path) ?? 0) + 1
    this.#epochs.set(path, epoch)
    return epoch
  }

  #told(folder: Folder, entries: readonly Entry[]): void {
    this.#changed(
      folder,
      entries.map(({ letter }) => letter.id),
    )
  }
}
