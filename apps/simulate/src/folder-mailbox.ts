import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  ListedPage,
  Listing,
  PulledLabel,
  PulledMessage,
  ResourceSpec,
  WatchGrant,
  WatchRequest,
} from '@inlet/sync/provider-port'
import { ChangeLog, placeOf } from './change-log.ts'
import { NEWEST, versionOf } from './folder-version.ts'
import {
  type Answer,
  type Letter,
  labelOf,
  listed,
  Mailbox,
  NOTHING,
  type Told,
  type Traits,
} from './mailbox.ts'
import { WatchedFolders } from './watched-folders.ts'

const TREE = 'folders'
export const GRAPH: Traits = { provider: 'graph', tree: TREE }

type Folder = { label: PulledLabel; log: ChangeLog; made: bigint }
type Lying = {
  folder: string
  modified: number
  /** Whose changes tell of its last one. */
  told: { key: string; at: bigint } | null
  /** From where it was moved, if its last change was that. */
  from: string | null
}

const STARRED = labelOf('STARRED', 'Starred', 'starred')

/**
 * Graph's shape: a resource with a cursor and a doorbell for each folder, and one for the list of folders; a message lies
 * in one of them under an id that it keeps; what has left a folder is only not there any more, moved or deleted; changes
 * come in any order, repeated, and with pages that hold none.
 */
export class FolderMailbox extends Mailbox {
  readonly traits = GRAPH
  readonly #folders = new Map<string, Folder>()
  readonly #lying = new Map<string, Lying>()
  readonly #tree = new ChangeLog('the folders')
  readonly #watches = new WatchedFolders(this.world)

  constructor(world: ConstructorParameters<typeof Mailbox>[0]) {
    super(world)
    this.#makeFolder(labelOf('INBOX', 'Inbox', 'inbox'))
    this.#makeFolder(labelOf('ARCHIVE', 'Archive', 'archive'))
    this.#makeFolder(labelOf('TRASH', 'Deleted Items', 'trash'))
    this.#makeFolder(labelOf('SENT', 'Sent Items', 'sent'))
  }

  // -- as its owner's other devices change it --

  deliver(now: number, letter: Letter = {}): PulledMessage {
    const written = this.write(now, letter)
    const folder = written.labelIds.find(each => this.#folders.has(each)) ?? 'INBOX'
    const message = { ...written, labelIds: [folder], version: versionOf(now, now) }
    this.messages.set(message.id, message)
    this.#lying.set(message.id, { folder, modified: now, told: this.#log(folder, message.id), from: null })
    return message
  }

  label(id: string, add: string[], remove: string[]): void {
    const [message, lying] = [this.messages.get(id), this.#lying.get(id)]
    if (!message || !lying) return
    const flag = (label: string, now: boolean) =>
      add.includes(label) ? true : now && !remove.includes(label)
    const to = add.findLast(label => this.#folders.has(label))
    const home = lying.folder === 'ARCHIVE' ? 'INBOX' : 'ARCHIVE'
    const folder = to ?? (remove.includes(lying.folder) ? home : lying.folder)
    const flags = { unread: flag('UNREAD', message.unread), starred: flag('STARRED', message.starred) }
    const same = flags.unread === message.unread && flags.starred === message.starred
    if (same && folder === lying.folder) return
    const now = this.world.now()
    if (folder !== lying.folder) this.#log(lying.folder, id)
    // Delta sometimes says nothing of what comes back within a moment to where it was.
    const unsaid =
      same && folder === lying.from && now - lying.modified < 1_000 && this.world.random.chance(0.4)
    const told = unsaid ? null : this.#log(folder, id)
    this.#put({ ...message, ...flags }, { folder, modified: now, told, from: same ? lying.folder : null })
  }

  remove(id: string): void {
    const lying = this.#lying.get(id)
    if (!lying) return
    this.#forget(id)
    this.#log(lying.folder, id)
  }

  createLabel(name: string): string {
    const id = `F${++this.made}`
    this.#makeFolder(labelOf(id, name, null))
    return id
  }

  renameLabel(id: string, name: string): void {
    const folder = this.#folders.get(id)
    if (!folder) return
    folder.label = { ...folder.label, name }
    this.#tree.add(id)
  }

  /**
   * Its messages go with it or elsewhere. Where no folder's changes tell of that, the tree's are all there is: so only
   * messages that are stored as lying in it move in silence. What nobody has ever shown, nobody can know of.
   */
  deleteLabel(id: string, told: boolean): void {
    const folder = this.#folders.get(id)
    if (!folder || folder.label.role !== null) return
    const { random, now, isStored } = this.world
    const to = random.pick(['TRASH', 'INBOX', null])
    const held = [...this.#lying].filter(([, lying]) => lying.folder === id)
    this.#folders.delete(id)
    const tree = { key: TREE, at: this.#tree.add(id) }
    for (const [messageId, { modified }] of held) {
      const message = this.messages.get(messageId)
      if (to === null || !message) this.#forget(messageId)
      else if (!told && isStored(messageId, id))
        this.#put(message, { folder: to, modified, told: tree, from: null })
      else this.#put(message, { folder: to, modified: now(), told: this.#log(to, messageId), from: null })
    }
  }

  expireCursors(share: number): void {
    const logs = [...[...this.#folders.values()].map(folder => folder.log), this.#tree]
    const one = Math.floor(((share - 0.2) / 0.8) * logs.length)
    for (const log of share < 0.2 ? logs : logs.slice(one, one + 1)) log.expire()
  }

  endWatch(share: number): void {
    this.#watches.end(share)
  }

  forgePush(share: number): void {
    this.#watches.forge(share)
  }

  #makeFolder(label: PulledLabel): void {
    this.#folders.set(label.id, { label, log: new ChangeLog(label.name), made: this.#tree.add(label.id) })
  }

  #put(message: PulledMessage, lying: Lying): void {
    const labelIds = [lying.folder, ...(message.starred ? [STARRED.id] : [])]
    const version = versionOf(lying.modified, this.world.now())
    this.messages.set(message.id, { ...message, version, labelIds })
    this.#lying.set(message.id, lying)
  }

  #forget(id: string): void {
    this.messages.delete(id)
    this.#lying.delete(id)
    this.broken.delete(id)
  }

  /** The folder's changes tell of it, and its doorbell rings. */
  #log(key: string, id: string): Lying['told'] {
    const log = this.#folders.get(key)?.log
    if (!log) return null
    this.#watches.rang(key)
    return { key, at: log.add(id) }
  }

  // -- what the provider answers --

  get labels(): PulledLabel[] {
    return [...[...this.#folders.values()].map(folder => folder.label), STARRED]
  }

  resources(): ResourceSpec[] {
    const folders = [...this.#folders.values()].map(({ label }) => ({
      key: label.id,
      name: label.name,
      watched: true,
    }))
    return [...folders, { key: TREE, name: 'Folders', watched: false }]
  }

  cursor(resource: string): string {
    const log = this.#logOf(resource)
    if (!log) throw new ProviderError('not_found', `There is no folder ${resource}.`)
    return log.link()
  }

  page(resource: string, cursor: string, size: number): Answer {
    const log = this.#logOf(resource)
    if (!log) return { arrive: () => ({ ...NOTHING, cursor, labelsChanged: true }), next: null }
    const { ids, link, next } = log.read(cursor, size, this.world.random)
    if (resource === TREE)
      return { arrive: () => ({ ...NOTHING, cursor: link, labelsChanged: ids.length > 0 }), next }
    const said = ids.map(id => ({ id, lying: this.#lying.get(id) }))
    const arrive = (at: number) => {
      const touched = said.map(({ id, lying }) => {
        const here = lying?.folder === resource
        return { id, version: here ? versionOf(lying.modified, at) : NEWEST }
      })
      return { ...NOTHING, touched, cursor: link, labelsChanged: false }
    }
    return { arrive, next }
  }

  #logOf(resource: string): ChangeLog | undefined {
    return resource === TREE ? this.#tree : this.#folders.get(resource)?.log
  }

  listings(resource: string): Listing[] {
    return resource === TREE ? [] : [{ name: 'all', labelId: resource, counted: true }]
  }

  /** Pages shift while mail comes: what ended the page before may begin this one. */
  list(
    resource: string,
    _listing: string,
    position: string | null,
    size: number,
    askedAt: number,
  ): ListedPage {
    const { random } = this.world
    const all = [...this.messages.values()].filter(({ id }) => this.#lying.get(id)?.folder === resource)
    const { items, next, total } = listed(all, position, size)
    const before = position === null ? undefined : this.#lying.get(position.split('|')[1] ?? '')
    const again = before?.folder === resource && random.chance(0.3) ? [position?.split('|')[1] ?? ''] : []
    const whole = !random.chance(0.1)
    const told = [...again, ...items.map(item => item.id)].map(id => {
      const message = whole && !this.broken.has(id) ? this.state(id, askedAt) : undefined
      return { id, message: message ?? null }
    })
    return { items: told, next, total }
  }

  state(id: string, askedAt: number): PulledMessage | undefined {
    const [message, lying] = [this.messages.get(id), this.#lying.get(id)]
    return message && lying ? { ...message, version: versionOf(lying.modified, askedAt) } : undefined
  }

  count(resource: string | null): number {
    return [...this.#lying.values()].filter(({ folder }) => resource === null || folder === resource).length
  }

  watch(resource: string, request: WatchRequest, until: number): WatchGrant {
    if (!this.#folders.has(resource)) throw new ProviderError('not_found', `There is no folder ${resource}.`)
    return this.#watches.watch(resource, request, until)
  }

  unwatch(providerId: string): void {
    this.#watches.unwatch(providerId)
  }

  shown(id: string): void {
    const folder = this.#lying.get(id)?.folder ?? ''
    if (!this.fleeting.delete(folder)) return
    for (const [each, lying] of this.#lying) if (lying.folder === folder) this.overtaking.add(each)
    this.deleteLabel(folder, this.world.random.chance(0.5))
    this.expireCursors(this.world.random.next())
  }

  // -- for the judges --

  position(cursor: string): bigint {
    return placeOf(cursor)
  }

  latest(resource: string): bigint {
    return this.#logOf(resource)?.end ?? 0n
  }

  *told(resource: string): Generator<Told> {
    for (const [id, { told }] of this.#lying) {
      const message = this.messages.get(id)
      if (told?.key === resource && message) yield { message, at: told.at }
    }
  }

  *branches() {
    for (const [key, { made }] of this.#folders) yield { key, at: made }
  }

  reviveWatches(until: number): void {
    this.#watches.revive(until)
  }

  doors(): string[][] {
    return [...this.#folders.keys()].map(folder => [folder, 'UNREAD'])
  }

  secretOf(providerId: string): string | null {
    return this.#watches.secretOf(providerId)
  }
}
