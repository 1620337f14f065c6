import { readCorpusFile } from '../../corpus/files.ts'
import type { ParsedMessage } from '../../mime/parse.ts'
import { ParsedCache } from '../../mime/parsed-cache.ts'
import type { Collection, Op, Store } from '../../store/store.ts'
import { withCrlf } from './crlf.ts'
import type { ImapAccount, NewPlace, StoredFolder, StoredPlace } from './types.ts'

/** What clients may be told of at once: the folder that changed. */
type Watcher = (folder: number) => void

/** The mail of one IMAP account. Each change is one commit of the store, then whoever watches is told. */
export class ImapMailbox {
  readonly email: string
  #store: Store
  #accounts: Collection<ImapAccount>
  #folders: Collection<StoredFolder>
  #stored: Collection<StoredPlace>
  /** By folder, in the order of UIDs. */
  #places = new Map<number, Map<number, StoredPlace>>()
  #watchers = new Set<Watcher>()
  readonly #parsed = new ParsedCache()

  constructor(store: Store, email: string) {
    this.#store = store
    this.email = email
    this.#accounts = store.collection('imap-accounts')
    this.#folders = store.collection(`imap-folders:${email}`)
    this.#stored = store.collection(`imap-places:${email}`)
    for (const { id } of this.#folders.values()) this.#places.set(id, new Map())
    const entries = [...this.#stored.entries()].sort(([, a], [, b]) => a.uid - b.uid)
    for (const [key, place] of entries) this.#places.get(Number.parseInt(key, 10))?.set(place.uid, place)
  }

  get account(): ImapAccount {
    const account = this.#accounts.get(this.email)
    if (!account) throw new Error(`no IMAP account ${this.email} in this sandbox`)
    return account
  }

  get size(): number {
    return this.#stored.size
  }

  /** INBOX first, then by path. */
  folders(): StoredFolder[] {
    const key = ({ path }: StoredFolder): string => (path === 'INBOX' ? '' : path)
    return [...this.#folders.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  }

  folder(id: number): StoredFolder | undefined {
    return this.#folders.get(`${id}`)
  }

  /** By path; the inbox in any case. */
  find(path: string): StoredFolder | undefined {
    const wanted = normalPath(path)
    for (const folder of this.#folders.values()) if (folder.path === wanted) return folder
    return undefined
  }

  places(folder: number): ReadonlyMap<number, StoredPlace> {
    return this.#places.get(folder) ?? new Map()
  }

  raw(place: Pick<StoredPlace, 'raw'>): Buffer {
    return 'corpus' in place.raw
      ? withCrlf(readCorpusFile(place.raw.corpus))
      : this.#store.blobs.read(place.raw.blob)
  }

  /** The parsed message; a few megabytes of recent ones are kept. */
  parsed(place: StoredPlace): ParsedMessage {
    return this.#parsed.get(JSON.stringify(place.raw), () => this.raw(place))
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  append(folder: StoredFolder, raw: Buffer, flags: readonly string[], date: number): StoredPlace {
    const bytes = withCrlf(raw)
    const blob = this.#store.blobs.write(bytes)
    const { ops, places } = this.#put(folder, [{ raw: { blob }, flags, date, size: bytes.length }])
    this.#commit(ops, [folder.id])
    const [place] = places
    if (!place) throw new Error('a place was not made')
    return place
  }

  /** Gives places other flags; those that have them already stay untouched. Returns the changed. */
  setFlags(
    folder: StoredFolder,
    places: readonly StoredPlace[],
    flagsOf: (place: StoredPlace) => readonly string[],
  ): StoredPlace[] {
    const modseq = folder.highestModseq + 1
    const changed = places.flatMap(place => {
      const flags = [...new Set(flagsOf(place))].sort()
      return flags.join(' ') === place.flags.join(' ') ? [] : [{ ...place, flags, modseq }]
    })
    if (changed.length === 0) return []
    const ops = changed.map(place => this.#stored.put(keyOf(folder, place.uid), place))
    this.#commit([...ops, this.#putFolder({ ...folder, highestModseq: modseq })], [folder.id])
    return changed
  }

  /** Copies or moves places at once; returns the new ones, in the order given. */
  transfer(
    from: StoredFolder,
    places: readonly StoredPlace[],
    to: StoredFolder,
    mode: 'copy' | 'move',
  ): StoredPlace[] {
    if (places.length === 0) return []
    const removed = mode === 'move' ? this.#remove(from, places) : null
    const made = this.#put(to, places)
    this.#commit([...(removed?.ops ?? []), ...made.ops], [from.id, to.id])
    return made.places
  }

  /** Removes places for good. */
  expunge(folder: StoredFolder, places: readonly StoredPlace[]): void {
    if (places.length > 0) this.#commit(this.#remove(folder, places).ops, [folder.id])
  }

  createFolder(path: string, specialUse: StoredFolder['specialUse'] = null): StoredFolder {
    const { account } = this
    const folder: StoredFolder = {
      id: account.nextFolder,
      path,
      specialUse,
      uidValidity: account.nextUidValidity,
      uidNext: 1,
      highestModseq: 1,
    }
    const next = { nextFolder: account.nextFolder + 1, nextUidValidity: account.nextUidValidity + 1 }
    this.#commit([this.#putFolder(folder), this.#accounts.put(this.email, { ...account, ...next })], [])
    return folder
  }

  deleteFolder(folder: StoredFolder): void {
    const { ops } = this.#remove(folder, [...this.places(folder.id).values()])
    this.#commit([...ops, this.#folders.del(`${folder.id}`)], [folder.id])
  }

  /** Gives folders other paths, together. */
  rename(renames: readonly (readonly [folder: StoredFolder, path: string])[]): void {
    this.#commit(
      renames.map(([folder, path]) => this.#putFolder({ ...folder, path })),
      [],
    )
  }

  /** Another UIDVALIDITY, and UIDs from 1 on, as after a restored backup. */
  renumber(folder: StoredFolder): StoredFolder {
    const { account } = this
    const places = [...this.places(folder.id).values()]
    const { ops } = this.#remove(folder, places)
    const fresh = { ...folder, uidValidity: account.nextUidValidity, uidNext: 1, highestModseq: 1 }
    const made = this.#put(fresh, places)
    const next = this.#accounts.put(this.email, { ...account, nextUidValidity: account.nextUidValidity + 1 })
    this.#commit([...ops, ...made.ops, next], [folder.id])
    return this.folder(folder.id) ?? fresh
  }

  updateAccount(fields: Partial<Pick<ImapAccount, 'password' | 'subscriptions'>>): void {
    this.#commit([this.#accounts.put(this.email, { ...this.account, ...fields })], [])
  }

  #put(folder: StoredFolder, news: readonly NewPlace[]): { ops: Op[]; places: StoredPlace[] } {
    const modseq = folder.highestModseq + 1
    const places = news.map(({ raw, flags, date, size }, i): StoredPlace => {
      return { uid: folder.uidNext + i, flags: [...new Set(flags)].sort(), date, size, modseq, raw }
    })
    const after = { ...folder, uidNext: folder.uidNext + news.length, highestModseq: modseq }
    const ops = places.map(place => this.#stored.put(keyOf(folder, place.uid), place))
    return { ops: [...ops, this.#putFolder(after)], places }
  }

  #remove(folder: StoredFolder, places: readonly StoredPlace[]): { ops: Op[]; folder: StoredFolder } {
    const after = { ...folder, highestModseq: folder.highestModseq + 1 }
    const ops = places.map(({ uid }) => this.#stored.del(keyOf(folder, uid)))
    return { ops: [...ops, this.#putFolder(after)], folder: after }
  }

  #putFolder(folder: StoredFolder): Op {
    return this.#folders.put(`${folder.id}`, folder)
  }

  #commit(ops: readonly Op[], folders: readonly number[]): void {
    this.#store.commit(ops)
    for (const [collection, key, value] of ops) {
      if (collection === this.#folders.name) this.#enterFolder(Number(key), value !== null)
      if (collection === this.#stored.name) this.#enterPlace(key, value as StoredPlace | null)
    }
    for (const folder of new Set(folders)) for (const watcher of [...this.#watchers]) watcher(folder)
  }

  #enterFolder(id: number, exists: boolean): void {
    if (!exists) this.#places.delete(id)
    else if (!this.#places.has(id)) this.#places.set(id, new Map())
  }

  #enterPlace(key: string, place: StoredPlace | null): void {
    const [folder, uid] = key.split(':').map(Number)
    const places = this.#places.get(folder ?? 0)
    if (place) places?.set(place.uid, place)
    else places?.delete(uid ?? 0)
  }
}

function keyOf(folder: StoredFolder, uid: number): string {
  return `${folder.id}:${uid}`
}

/** RFC 3501 §5.1: the name INBOX means the same in any case. */
export function normalPath(path: string): string {
  return /^inbox$/i.test(path) ? 'INBOX' : path.replace(/^inbox(?=\/)/i, 'INBOX')
}
