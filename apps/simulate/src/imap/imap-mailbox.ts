import type { PulledLabel, PulledMessage, ResourceSpec } from '@inlet/sync/provider-port'
import { type Lying, labelOf, type Mailbox, type Traits, type Letter as Wish } from '../mailbox.ts'
import { AskedElsewhere } from './asked-elsewhere.ts'
import { type Age, type Entry, type Folder, MailStore } from './mail-store.ts'
import { Post } from './post.ts'

const TREE = 'folders'
export const IMAP: Traits = { provider: 'imap', tree: TREE, placed: true }

const ROLES = { INBOX: 'inbox', ARCHIVE: 'archive', TRASH: 'trash', SENT: 'sent', DRAFTS: 'drafts' } as const
const PATHS = { INBOX: 'INBOX', ARCHIVE: 'Archive', TRASH: 'Trash', SENT: 'Sent', DRAFTS: 'Drafts' } as const
type Role = keyof typeof ROLES
const FLAGS: Readonly<Record<string, string>> = { STARRED: '\\Flagged', UNREAD: '\\Seen' }

export type Spot = { folder: Folder; entry: Entry }

/**
 * IMAP's shape: a message lies in folders at UIDs, in several at a time, with flags of its own in each; what it is
 * follows from all of them. What of this is asked over a connection is in imap-client.ts.
 */
export class ImapMailbox extends AskedElsewhere {
  readonly traits = IMAP
  /** The server's own ids of messages, threads and folders (RFC 8474). */
  readonly objectIds = this.world.random.chance(0.35)
  readonly age: Age = this.world.random.pick(['qresync', 'condstore', 'plain'])
  readonly store = new MailStore(this.age, this.world.random, (folder, ids) => this.#changed(folder, ids))
  readonly post = new Post(this.email, this.objectIds)
  /** null: it was there and is gone. */
  readonly #since = new Map<string, number | null>()
  /** Nobody hears the doorbell until then. */
  #deafUntil = 0
  /** Messages that come back when an answer has said that they are missing. */
  readonly returning = new Map<string, () => unknown>()

  constructor(world: ConstructorParameters<typeof Mailbox>[0]) {
    super(world)
    for (const role of Object.keys(PATHS) as Role[])
      this.store.make(PATHS[role], role === 'INBOX' ? null : `\\${PATHS[role]}`)
  }

  // -- as its owner's other devices change it --

  deliver(now: number, wish: Wish = {}): PulledMessage {
    const letter = this.post.write(this.write(now, wish), wish.threadId)
    const labels = wish.labelIds ?? ['INBOX', 'UNREAD']
    const folder =
      labels.map(label => this.folderOf(label)).find(each => each !== undefined) ?? this.role('INBOX')
    this.store.append(folder, letter, labels.includes('UNREAD') ? [] : ['\\Seen'])
    return this.messages.get(letter.id) ?? letter.message
  }

  /** Flags in all of its places or in one; folders by moving or copying. */
  label(id: string, add: string[], remove: string[]): void {
    const { random } = this.world
    const spots = this.spots(id)
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
    const leaving = this.spots(id).filter(({ folder }) => left.includes(folder))
    const [first] = leaving.length > 0 ? leaving : this.spots(id)
    if (!first) return
    if (to && (leaving.length > 0 || random.chance(0.5))) this.move(first, to)
    else if (to) this.store.copy(first.folder, [first.entry.uid], to)
    else if (leaving.length > 0 && this.spots(id).length > 1 && random.chance(0.5))
      this.store.expunge(first.folder, [first.entry.uid])
    else if (leaving.length > 0) {
      const archive = this.role('ARCHIVE')
      this.move(first, first.folder === archive ? this.role('INBOX') : archive)
    }
  }

  /** One step of a server, or a copy and, a moment later, an expunge by a program that knows no better. */
  move({ folder, entry }: Spot, to: Folder): void {
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
    for (const { folder, entry } of this.spots(id)) this.store.expunge(folder, [entry.uid])
  }

  createLabel(name: string): string {
    return this.keyOf(this.store.make(this.free(name)))
  }

  renameLabel(id: string, name: string): void {
    const folder = this.folderOf(id)
    if (folder) this.store.rename(folder, this.free(name))
  }

  /** Its messages go with it or were moved before. */
  deleteLabel(id: string): void {
    const folder = this.folderOf(id)
    if (!folder || !this.isOwn(folder)) return
    const to = this.world.random.pick(['TRASH', 'INBOX', null] as const)
    if (to !== null) this.store.move(folder, [...folder.entries.keys()], this.role(to))
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

  isOwn = (folder: Folder): boolean => folder.use === null && folder.path !== 'INBOX'

  free(name: string): string {
    let path = name
    for (let n = 2; this.store.folders.has(path); n++) path = `${name} ${n}`
    return path
  }

  role(role: Role): Folder {
    return this.store.folders.get(PATHS[role]) ?? this.store.make(PATHS[role])
  }

  spots(id: string): Spot[] {
    const spots: Spot[] = []
    for (const folder of this.store.folders.values())
      for (const entry of folder.entries.values()) if (entry.letter.id === id) spots.push({ folder, entry })
    return spots
  }

  /** What these messages are now, by all of their places. */
  #changed(folder: Folder, ids: readonly string[]): void {
    for (const id of new Set(ids)) {
      const spots = this.spots(id)
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
    if (label in PATHS) return this.role(label as Role)
    for (const folder of this.store.folders.values()) if (this.keyOf(folder) === label) return folder
    return undefined
  }

  override get sentLabel(): string {
    return this.keyOf(this.role('SENT'))
  }

  override heard(): string[] {
    const inbox = this.keyOf(this.role('INBOX'))
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

  override *expunged(resource: string): Generator<{ epoch: string; uid: number; modseq: bigint }> {
    const folder = this.folderOf(resource)
    for (const each of folder?.expunged ?? []) yield { ...each, epoch: `${folder?.uidValidity}` }
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

  reviveWatches(): void {
    this.#deafUntil = 0
  }

  doors(): string[][] {
    return [['INBOX', 'UNREAD']]
  }

  shown(id: string): void {
    for (const label of this.messages.get(id)?.labelIds ?? [])
      if (this.fleeting.delete(label)) {
        this.deleteLabel(label)
        this.expireCursors(this.world.random.next())
      }
  }
}
