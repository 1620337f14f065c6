import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  Fetched,
  ListedPage,
  Listing,
  ProviderPort,
  PulledLabel,
  PulledMessage,
  PulledPage,
  ResourceSpec,
  WatchRequest,
} from '@inlet/sync/provider-port'
import { fakeMessage } from './fake-message.ts'

type Folder = {
  id: string
  name: string
  /** Ids of what came, changed or went, in order; a cursor is a position in it. */
  log: string[]
  /** Positions before this one are forgotten. */
  forgotten: number
}
type Lying = { folder: string; message: PulledMessage }

const TREE = 'folders'
/** Newer than any state: what has left a folder is looked at again, whatever is stored. */
const AGAIN = 2n ** 62n
const PAGE = 20

/**
 * A mailbox of folders in memory behind the provider port, with Graph's shape: a resource and a cursor for each folder
 * and one for the list of folders, a message in exactly one of them under an id that it keeps, a departure that says no
 * more than that, pages of listings with full states. `onCall` runs before every call and may throw or wait.
 */
export class FakeFolders implements ProviderPort {
  readonly provider = 'graph' as const
  readonly tree = TREE
  readonly messages = new Map<string, Lying>()
  readonly folders = new Map<string, Folder>()
  readonly calls: string[] = []
  /** Pages of listings tell whole states; otherwise ids alone, as where one of their messages is too large. */
  wholePages = true
  onCall: (call: string, detail: string) => Promise<void> | void = () => {}
  /** Changes of the list of folders so far. */
  #tree = 0
  #version = 1n
  #made = 0
  #watches = 0

  constructor(names: string[] = ['Inbox', 'Archive', 'Deleted']) {
    for (const name of names) this.makeFolder(name)
  }

  // -- the mailbox, as its owner's other devices change it --

  makeFolder(name: string): string {
    const id = `f${++this.#made}`
    this.folders.set(id, { id, name, log: [], forgotten: 0 })
    this.#tree += 1
    return id
  }

  /** The folder goes; what lay in it lies in `to` afterwards, or is gone with it. No folder's changes tell of it. */
  removeFolder(id: string, to: string | null): void {
    for (const [messageId, { folder, message }] of this.messages) {
      if (folder !== id) continue
      if (to === null) this.messages.delete(messageId)
      else this.messages.set(messageId, { folder: to, message: this.#newer(message, to) })
    }
    this.folders.delete(id)
    this.#tree += 1
  }

  deliver(folder: string, more: Partial<PulledMessage> = {}): string {
    const version = ++this.#version
    const id = more.id ?? `m${version}`
    const message = fakeMessage(id, version, { labelIds: [folder], ...more })
    this.messages.set(id, { folder, message })
    this.folder(folder).log.push(id)
    return id
  }

  read(id: string): void {
    const { folder, message } = this.#lying(id)
    this.messages.set(id, { folder, message: { ...this.#newer(message, folder), unread: false } })
    this.folder(folder).log.push(id)
  }

  move(id: string, to: string): void {
    const { folder, message } = this.#lying(id)
    this.messages.set(id, { folder: to, message: this.#newer(message, to) })
    this.folder(folder).log.push(id)
    this.folder(to).log.push(id)
  }

  remove(id: string): void {
    const { folder } = this.#lying(id)
    this.messages.delete(id)
    this.folder(folder).log.push(id)
  }

  /** Every cursor of the folder given out so far is now too old. */
  expireCursors(id: string): void {
    const folder = this.folder(id)
    folder.log.push('')
    folder.forgotten = folder.log.length
  }

  folder(id: string): Folder {
    const folder = this.folders.get(id)
    if (!folder) throw new ProviderError('not_found', `There is no folder ${id}.`)
    return folder
  }

  #lying(id: string): Lying {
    const lying = this.messages.get(id)
    if (!lying) throw new Error(`There is no message ${id}.`)
    return lying
  }

  #newer(message: PulledMessage, folder: string): PulledMessage {
    return { ...message, version: ++this.#version, labelIds: [folder] }
  }

  async #call(call: string, detail = ''): Promise<void> {
    this.calls.push(`${call} ${detail}`.trim())
    await this.onCall(call, detail)
  }

  // -- the port --

  async identify() {
    await this.#call('identify')
    return { email: 'me@example.com', displayName: 'Me' }
  }

  async resources(): Promise<ResourceSpec[]> {
    await this.#call('resources')
    const folders = [...this.folders.values()].map(({ id, name }) => ({ key: id, name, watched: true }))
    return [...folders, { key: TREE, name: 'Folders', watched: false }]
  }

  async currentCursor(_conn: unknown, resource: string): Promise<string> {
    await this.#call('currentCursor', resource)
    return String(resource === TREE ? this.#tree : this.folder(resource).log.length)
  }

  async *pull(
    _conn: unknown,
    resource: string,
    cursor: string,
    signal: AbortSignal,
  ): AsyncIterable<PulledPage> {
    await this.#call('pull', resource)
    signal.throwIfAborted()
    const page = { upserts: [], touched: [], patches: [], deletions: [], labelsChanged: false }
    if (resource === TREE) {
      yield { ...page, cursor: String(this.#tree), labelsChanged: String(this.#tree) !== cursor }
      return
    }
    const folder = this.folders.get(resource)
    if (!folder) {
      yield { ...page, cursor, labelsChanged: true }
      return
    }
    if (Number(cursor) < folder.forgotten)
      throw new ProviderError(
        'cursor_expired',
        `The changes of ${folder.name} before ${folder.forgotten} are gone.`,
      )
    const end = folder.log.length
    for (let from = Number(cursor); from <= end; from += PAGE) {
      const ids = folder.log.slice(from, Math.min(from + PAGE, end)).filter(id => id !== '')
      const touched = ids.map(id => {
        const lying = this.messages.get(id)
        return { id, version: lying?.folder === resource ? lying.message.version : AGAIN }
      })
      yield { ...page, touched, cursor: from + PAGE > end ? String(end) : null }
    }
  }

  async listings(_conn: unknown, resource: string): Promise<Listing[]> {
    await this.#call('listings', resource)
    return resource === TREE ? [] : [{ name: resource, labelId: resource, counted: true }]
  }

  async list(
    _conn: unknown,
    _resource: string,
    listing: string,
    position: string | null,
  ): Promise<ListedPage> {
    await this.#call('list', `${listing} ${position ?? ''}`)
    const all = [...this.messages.values()]
      .filter(({ folder }) => folder === listing)
      .map(({ message }) => message)
      .sort((a, b) => b.receivedAt - a.receivedAt)
    const rest = position === null ? all : all.filter(message => message.receivedAt < Number(position))
    const page = rest.slice(0, PAGE)
    const items = page.map(message => ({
      id: message.id,
      message: this.wholePages ? structuredClone(message) : null,
    }))
    const last = page.at(-1)
    const next = rest.length > page.length && last ? String(last.receivedAt) : null
    return { items, next, total: all.length }
  }

  async *fetch(
    _conn: unknown,
    _resource: string,
    ids: string[],
    _options: unknown,
    signal: AbortSignal,
  ): AsyncIterable<Fetched> {
    for (const id of ids) {
      await this.#call('fetch', id)
      signal.throwIfAborted()
      const lying = this.messages.get(id)
      if (lying) yield { id, outcome: 'message', message: structuredClone(lying.message) }
      else yield { id, outcome: 'missing' }
    }
  }

  async labels(): Promise<PulledLabel[]> {
    await this.#call('labels')
    return [...this.folders.values()].map(({ id, name }) => ({
      id,
      name,
      role: name === 'Inbox' ? 'inbox' : null,
      color: null,
      hidden: false,
    }))
  }

  async counts(_conn: unknown, resource: string | null) {
    await this.#call('counts', resource ?? '')
    const counted = [...this.messages.values()].filter(
      ({ folder }) => resource === null || folder === resource,
    )
    return { messages: counted.length, unread: null }
  }

  async watch(_conn: unknown, resource: string, { current }: WatchRequest) {
    await this.#call('watch', resource)
    const providerId = current?.providerId ?? `w${++this.#watches}`
    return { providerId, expiresAt: Date.now() + 6 * 86_400_000, cursor: null, renewed: current !== null }
  }

  async unwatch(_conn: unknown, { providerId }: { providerId: string }) {
    await this.#call('unwatch', providerId)
  }

  async body(): Promise<never> {
    throw new ProviderError('permanent', 'Bodies come with their messages here.')
  }

  async attachment(): Promise<never> {
    throw new ProviderError('permanent', 'There are no attachments here.')
  }

  async mutate(): Promise<never> {
    throw new ProviderError('permanent', 'Nothing is changed here.')
  }
}
