import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  ListedPage,
  PulledLabel,
  PulledMessage,
  ResourceSpec,
  WatchGrant,
} from '@inlet/sync/provider-port'
import { type Answer, type Lying, labelOf, Mailbox, type Traits, type Letter as Wish } from '../mailbox.ts'
import { letterOf, type Written } from './letter.ts'
import { type Age, type Entry, type Folder, MailStore } from './mail-store.ts'

const TREE = 'folders'
export const IMAP: Traits = { provider: 'imap', tree: TREE, placed: true }

const ROLES = { INBOX: 'inbox', ARCHIVE: 'archive', TRASH: 'trash', SENT: 'sent', DRAFTS: 'drafts' } as const
const PATHS = { INBOX: 'INBOX', ARCHIVE: 'Archive', TRASH: 'Trash', SENT: 'Sent', DRAFTS: 'Drafts' } as const
type Role = keyof typeof ROLES
const FLAGS: Readonly<Record<string, string>> = { STARRED: '\\Flagged', UNREAD: '\\Seen' }

type Spot = { folder: Folder; entry: Entry }

/**
 * IMAP's shape: a message lies in folders at UIDs, in several at a time, with flags of its own in each; what it is
 * follows from all of them. What of this is asked over a connection is in imap-client.ts.
 */
export class ImapMailbox extends Mailbox {
  readonly traits = IMAP
  /** The server's own ids of messages, threads and folders (RFC 8474). */
  readonly objectIds = this.world.random.chance(0.35)
  readonly age: Age = this.world.random.pick(['qresync', 'condstore', 'plain'])
  readonly store = new MailStore(this.age, this.world.random, (folder, ids) => this.#changed(folder, ids))
  readonly #threads = new Map<string, { root: string; server: string }>()
  readonly #written = new Map<string, Written>()
  /** null: it was there and is gone. */
  readonly #since = new Map<string, number | null>()
  /** Nobody hears the doorbell until then. */
  #deafUntil = 0

  constructor(world: ConstructorParameters<typeof Mailbox>[0]) {
    super(world)
    for (const role of Object.keys(PATHS) as Role[])
      this.store.make(PATHS[role], role === 'INBOX' ? null : `\\${PATHS[role]}`)
  }

  // -- as its owner's other devices change it --

  deliver(now: number, wish: Wish = {}): PulledMessage {
    const { id, subject, from, text } = this.#draftOf(now, wish)
    const known = this.#threads.get(wish.threadId ?? '')
    const header = `<${id}@${this.email}>`
    const thread = known ?? { root: header, server: `thread${id}` }
    const written: Written = {
      header,
      from,
      to: this.email,
      subject,
      text,
      root: known ? known.root : null,
      at: now,
      ...(this.objectIds && { emailId: id, threadId: thread.server }),
    }
    const letter = letterOf(written)
    this.#written.set(letter.id, written)
    this.#threads.set(letter.message.threadId, thread)
    const labels = wish.labelIds ?? ['INBOX', 'UNREAD']
    const folder =
      labels.map(label => this.folderOf(label)).find(each => each !== undefined) ?? this.#role('INBOX')
    this.store.append(folder, letter, labels.includes('UNREAD') ? [] : ['\\Seen'])
    return this.messages.get(letter.id) ?? letter.message
  }

  #draftOf(now: number, wish: Wish) {
    const { id, subject, from, body } = this.write(now, wish)
    return { id, subject, from: from.email, text: body?.text ?? '' }
  }

  /** Flags in all of its places or in one; folders by moving or copying. */
  label(id: string, add: string[], remove: string[]): void {
    const { random } = this.world
    const spots = this.#spots(id)
    if (spots.length === 0) return
    for (const [label, flag] of Object.entries(FLAGS)) {
      if (!add.includes(label) && !remove.includes(label)) continue
      const set = add.includes(label) === (label !== 'UNREAD')
      const [one] = spots
      for (const { folder, entry } of random.chance(0.5) || !one ? spots : [one])
        this.store.flag(folder, [entry.uid], set ? [flag] : [], set ? [] : [flag])
    }
    const to = add.map(label => this.folderOf(label)).find(folder => folder !== undefined)
    const left = remove.map(label => this.folderOf(label))
    const leaving = this.#spots(id).filter(({ folder }) => left.includes(folder))
    const [first] = leaving.length > 0 ? leaving : this.#spots(id)
    if (!first) return
    if (to && (leaving.length > 0 || random.chance(0.5))) this.#move(first, to)
    else if (to) this.store.copy(first.folder, [first.entry.uid], to)
    else if (leaving.length > 0 && this.#spots(id).length > 1 && random.chance(0.5))
      this.store.expunge(first.folder, [first.entry.uid])
    else if (leaving.length > 0) {
      const archive = this.#role('ARCHIVE')
      this.#move(first, first.folder === archive ? this.#role('INBOX') : archive)
    }
  }

  /** One step of a server, or a copy and, a moment later, an expunge by a program that knows no better. */
  #move({ folder, entry }: Spot, to: Folder): void {
    if (folder === to) return
    if (this.world.random.chance(0.7)) {
      this.store.move(folder, [entry.uid], to)
      return
    }
    this.store.copy(folder, [entry.uid], to)
    const { uidValidity } = folder
    this.world.after(this.world.random.int(10, 3_000), () => {
      if (folder.uidValidity === uidValidity) this.store.expunge(folder, [entry.uid])
    })
  }

  remove(id: string): void {
    for (const { folder, entry } of this.#spots(id)) this.store.expunge(folder, [entry.uid])
  }

  /** What only a mailbox with places can have happen to it. `r`, `s` in [0, 1) choose. */
  shift(what: Shift, r: number, s: number): void {
    const at = <T>(items: readonly T[], share: number): T | undefined =>
      items[Math.floor(share * items.length)]
    const id = at(this.ids(), r)
    const spots = id === undefined ? [] : this.#spots(id)
    const spot = at(spots, s)
    const folders = [...this.store.folders.values()]
    const other = at(
      folders.filter(folder => folder !== spot?.folder),
      s,
    )
    if (what === 'copy' && spot && other) this.store.copy(spot.folder, [spot.entry.uid], other)
    if (what === 'moveOne' && spot && other) this.#move(spot, other)
    if (what === 'expungeOne' && spot) this.store.expunge(spot.folder, [spot.entry.uid])
    if (what === 'flagOne' && spot) {
      const flag = s < 0.4 ? '\\Seen' : s < 0.8 ? '\\Flagged' : '\\Draft'
      const has = spot.entry.flags.has(flag)
      this.store.flag(spot.folder, [spot.entry.uid], has ? [] : [flag], has ? [flag] : [])
    }
    if (what === 'again' && id !== undefined) this.#again(id, s)
    if (what === 'undo' && id !== undefined) this.#undo(id, s)
    if (what === 'moveAll' && spot && other)
      this.store.move(spot.folder, [...spot.folder.entries.keys()].slice(0, 1 + Math.floor(r * 40)), other)
    if (what === 'makeAnew') this.#makeAnew(s)
    if (what === 'renameAnew') this.#renameAnew(r, s)
    if (what === 'moveIntoNew' && spot) {
      const made = this.store.make(this.#free(`New ${Math.floor(r * 1_000)}`))
      this.store.move(spot.folder, [spot.entry.uid], made)
    }
  }

  /** The same content is put there once more; where the server gives messages ids of its own, that is another message. */
  #again(id: string, s: number): void {
    const written = this.#written.get(id)
    if (!written || this.messages.get(id)?.labelIds.includes(this.sentLabel)) return
    const folders = [...this.store.folders.values()]
    const folder = folders[Math.floor(s * folders.length)] ?? this.#role('INBOX')
    const own = this.objectIds ? { ...written, emailId: `m${++this.made}` } : written
    const letter = letterOf(own)
    this.#written.set(letter.id, own)
    this.store.append(folder, letter, s < 0.5 ? [] : ['\\Seen'])
  }

  /** A program that takes back what it has removed puts it there once more, about when the server is asked for it. */
  #undo(id: string, s: number): void {
    const [spot] = this.#spots(id)
    if (!spot) return
    this.remove(id)
    this.world.after(7_000 + s * 9_000, () =>
      this.store.append(this.#role('INBOX'), spot.entry.letter, spot.entry.flags),
    )
  }

  /** A folder is removed and another made under its name. */
  #makeAnew(s: number): void {
    const own = [...this.store.folders.values()].filter(folder => this.#isOwn(folder))
    const folder = own[Math.floor(s * own.length)]
    if (!folder) return
    const kept = [...folder.entries.values()].slice(0, 2)
    const { path } = folder
    this.store.remove(folder)
    const made = this.store.make(path)
    for (const { letter, flags } of kept) this.store.append(made, letter, flags)
  }

  /** A folder is renamed and another made under its name. */
  #renameAnew(r: number, s: number): void {
    const own = [...this.store.folders.values()].filter(folder => this.#isOwn(folder))
    const folder = own[Math.floor(s * own.length)]
    if (!folder) return
    const { path } = folder
    this.store.rename(folder, this.#free(`Old ${Math.floor(r * 10)}`))
    const made = this.store.make(path)
    if (r < 0.5) this.store.move(folder, [...folder.entries.keys()].slice(0, 2), made)
  }

  createLabel(name: string): string {
    return this.keyOf(this.store.make(this.#free(name)))
  }

  renameLabel(id: string, name: string): void {
    const folder = this.folderOf(id)
    if (folder) this.store.rename(folder, this.#free(name))
  }

  /** Its messages go with it or were moved before. */
  deleteLabel(id: string): void {
    const folder = this.folderOf(id)
    if (!folder || !this.#isOwn(folder)) return
    const to = this.world.random.pick(['TRASH', 'INBOX', null] as const)
    if (to !== null) this.store.move(folder, [...folder.entries.keys()], this.#role(to))
    this.store.remove(folder)
  }

  expireCursors(share: number): void {
    const folders = [...this.store.folders.values()]
    const one = Math.floor(((share - 0.2) / 0.8) * folders.length)
    for (const folder of share < 0.2 ? folders : folders.slice(one, one + 1)) this.store.renumber(folder)
  }

  expireOne(key: string): void {
    const folder = this.folderOf(key)
    if (folder) this.store.renumber(folder)
  }

  endWatch(share: number): void {
    this.#deafUntil = this.world.now() + 5_000 + share * 300_000
  }

  forgePush(): void {}

  #isOwn = (folder: Folder): boolean => folder.use === null && folder.path !== 'INBOX'

  #free(name: string): string {
    let path = name
    for (let n = 2; this.store.folders.has(path); n++) path = `${name} ${n}`
    return path
  }

  #role(role: Role): Folder {
    return this.store.folders.get(PATHS[role]) ?? this.store.make(PATHS[role])
  }

  #spots(id: string): Spot[] {
    const spots: Spot[] = []
    for (const folder of this.store.folders.values())
      for (const entry of folder.entries.values()) if (entry.letter.id === id) spots.push({ folder, entry })
    return spots
  }

  /** What these messages are now, by all of their places. */
  #changed(folder: Folder, ids: readonly string[]): void {
    for (const id of new Set(ids)) {
      const spots = this.#spots(id)
      const here = `${id} ${this.keyOf(folder)}`
      this.#lies(
        here,
        spots.some(spot => spot.folder === folder),
      )
      this.#lies(id, spots.length > 0)
      const [first] = spots
      if (!first) {
        this.messages.delete(id)
        this.broken.delete(id)
        continue
      }
      const has = (flag: string) => spots.some(({ entry }) => entry.flags.has(flag))
      const drafts = this.store.folders.get(PATHS.DRAFTS)
      this.messages.set(id, {
        ...first.entry.letter.message,
        labelIds: [...new Set(spots.map(spot => this.keyOf(spot.folder)))].sort(),
        unread: !has('\\Seen'),
        starred: has('\\Flagged'),
        draft: has('\\Draft') || spots.some(spot => spot.folder === drafts),
      })
    }
    if (folder.path === 'INBOX' && ids.length > 0 && this.world.now() >= this.#deafUntil)
      this.world.ring({ provider: 'imap', mailbox: this.email, resource: this.keyOf(folder) })
  }

  #lies(what: string, lies: boolean): void {
    const since = this.#since.get(what)
    if (!lies) this.#since.set(what, null)
    else if (since == null) this.#since.set(what, since === undefined ? 0 : this.world.now())
  }

  // -- what a connection and the judges need --

  keyOf(folder: Folder): string {
    return this.objectIds ? `M${folder.id}` : `P${folder.path}`
  }

  /** By its key, or by the role that others' labels are called after. */
  folderOf(label: string): Folder | undefined {
    if (label in PATHS) return this.#role(label as Role)
    for (const folder of this.store.folders.values()) if (this.keyOf(folder) === label) return folder
    return undefined
  }

  override get sentLabel(): string {
    return this.keyOf(this.#role('SENT'))
  }

  override heard(): string[] {
    const inbox = this.keyOf(this.#role('INBOX'))
    return this.ids().filter(id => this.messages.get(id)?.labelIds.every(label => label === inbox))
  }

  override carries(id: string, label: string): boolean {
    const message = this.messages.get(id)
    return label === 'STARRED' ? (message?.starred ?? false) : super.carries(id, label)
  }

  override lainSince(id: string, folder?: string): number {
    return this.#since.get(folder === undefined ? id : `${id} ${folder}`) ?? this.world.now()
  }

  override *lying(resource: string): Generator<Lying> {
    const folder = this.folderOf(resource)
    const tracked = this.age !== 'plain'
    for (const { uid, letter, flags, modseq } of folder?.entries.values() ?? [])
      yield {
        messageId: letter.id,
        epoch: `${folder?.uidValidity}`,
        uid,
        flags: [...flags].sort(),
        modseq: tracked ? modseq : null,
      }
  }

  get labels(): PulledLabel[] {
    return [...this.store.folders.values()].map(folder => {
      const role = (Object.keys(PATHS) as Role[]).find(each => PATHS[each] === folder.path)
      return labelOf(this.keyOf(folder), role === 'INBOX' ? 'Inbox' : folder.path, role ? ROLES[role] : null)
    })
  }

  resources(): ResourceSpec[] {
    const folders = this.labels.map(({ id, name }) => ({ key: id, name, watched: false }))
    return [...folders, { key: TREE, name: 'Folders', watched: false }]
  }

  count(resource: string | null): number {
    const folders = resource === null ? [...this.store.folders.values()] : [this.folderOf(resource)]
    return folders.reduce((sum, folder) => sum + (folder?.entries.size ?? 0), 0)
  }

  /** Epochs come one after the other, and UIDs within them. */
  position(cursor: string): bigint {
    if (!cursor.startsWith('{')) return 0n
    const { uidValidity, uidNext } = JSON.parse(cursor) as { uidValidity: string; uidNext: number }
    return (BigInt(uidValidity) << 32n) | BigInt(uidNext)
  }

  latest(resource: string): bigint {
    const folder = this.folderOf(resource)
    return folder ? (BigInt(folder.uidValidity) << 32n) | BigInt(folder.uidNext) : 1n << 64n
  }

  told() {
    return []
  }

  branches() {
    return []
  }

  reviveWatches(): void {
    this.#deafUntil = 0
  }

  doors(): string[][] {
    return [['INBOX', 'UNREAD']]
  }

  secretOf(): null {
    return null
  }

  shown(id: string): void {
    for (const label of this.messages.get(id)?.labelIds ?? [])
      if (this.fleeting.delete(label)) {
        this.deleteLabel(label)
        this.expireCursors(this.world.random.next())
      }
  }

  // -- asked over a connection instead --

  cursor(): string {
    throw notSo()
  }

  page(): Answer {
    throw notSo()
  }

  listings() {
    return []
  }

  list(): ListedPage {
    throw notSo()
  }

  state(id: string): PulledMessage | undefined {
    return this.messages.get(id)
  }

  watch(): WatchGrant {
    throw notSo()
  }

  unwatch(): void {}
}

const notSo = () => new ProviderError('permanent', 'This is asked over a connection.')

export const SHIFTS = [
  'copy',
  'moveOne',
  'expungeOne',
  'flagOne',
  'again',
  'undo',
  'moveAll',
  'makeAnew',
  'renameAnew',
  'moveIntoNew',
] as const
export type Shift = (typeof SHIFTS)[number]
