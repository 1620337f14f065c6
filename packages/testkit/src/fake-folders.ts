import type { LabelRole } from '@inlet/protocol/entities'
import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  Fetched,
  FetchOptions,
  ListedPage,
  Listing,
  MutateOutcome,
  ProviderMutation,
  ProviderPort,
  PulledLabel,
  PulledMessage,
  PulledPage,
  ResourceSpec,
  WatchRequest,
} from '@inlet/sync/provider-port'
import { untilAborted } from './fake-call.ts'
import { changeFolders, FIRST_FOLDERS } from './fake-folders-change.ts'
import { asFetched, fakeMessage, unreadable } from './fake-message.ts'
import { FakeOutbox } from './fake-outbox.ts'

type Folder = {
  id: string
  name: string
  role: LabelRole | null
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
  readonly broken = new Set<string>()
  /** Attached files by `<message id> <part id>`. */
  readonly files = new Map<string, Uint8Array>()
  readonly #outbox = new FakeOutbox()
  email = 'me@example.com'
  /** Pages of listings tell whole states; otherwise ids alone, as where one of their messages is too large. */
  wholePages = true
  onCall: (call: string, detail: string) => Promise<void> | void = () => {}
  /** Changes of the list of folders so far. */
  #tree = 0
  #version = 1n
  #made = 0
  #watches = 0

  constructor() {
    for (const [name, role] of Object.entries(FIRST_FOLDERS)) this.makeFolder(name, role)
  }

  // -- the mailbox, as its owner's other devices change it --

  makeFolder(name: string, role: LabelRole | null = null): string {
    const id = `f${++this.#made}`
    this.folders.set(id, { id, name, role, log: [], forgotten: 0 })
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
    this.mark(id, { unread: false })
  }

  mark(id: string, flags: Partial<Pick<PulledMessage, 'unread' | 'starred'>>): void {
    const { folder, message } = this.#lying(id)
    this.messages.set(id, { folder, message: { ...this.#newer(message, folder), ...flags } })
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

  async #call(call: string, detail: string, signal: AbortSignal): Promise<void> {
    this.calls.push(`${call} ${detail}`.trim())
    await untilAborted(() => this.onCall(call, detail), signal)
  }

  // -- the port --

  async identify(_conn: unknown, signal: AbortSignal) {
    await this.#call('identify', '', signal)
    return { email: this.email, displayName: 'Me' }
  }

  async resources(_conn: unknown, signal: AbortSignal): Promise<ResourceSpec[]> {
    await this.#call('resources', '', signal)
    const folders = [...this.folders.values()].map(({ id, name }) => ({ key: id, name, watched: true }))
    return [...folders, { key: TREE, name: 'Folders', watched: false }]
  }

  async currentCursor(_conn: unknown, resource: string, signal: AbortSignal): Promise<string> {
    await this.#call('currentCursor', resource, signal)
    return String(resource === TREE ? this.#tree : this.folder(resource).log.length)
  }

  async *pull(
    _conn: unknown,
    resource: string,
    cursor: string,
    signal: AbortSignal,
  ): AsyncIterable<PulledPage> {
    await this.#call('pull', resource, signal)
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
    if (!/^\d+$/.test(cursor) || Number(cursor) < folder.forgotten)
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

  async listings(_conn: unknown, resource: string, signal: AbortSignal): Promise<Listing[]> {
    await this.#call('listings', resource, signal)
    return resource === TREE ? [] : [{ name: resource, labelId: resource, counted: true }]
  }

  async list(
    _conn: unknown,
    _resource: string,
    listing: string,
    position: string | null,
    signal: AbortSignal,
  ): Promise<ListedPage> {
    await this.#call('list', `${listing} ${position ?? ''}`, signal)
    if (position !== null && !/^\d+$/.test(position))
      throw new ProviderError('cursor_expired', `There is no position ${position}.`)
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
    { bodies }: FetchOptions,
    signal: AbortSignal,
  ): AsyncIterable<Fetched> {
    for (const id of ids) {
      await this.#call('fetch', id, signal)
      const lying = this.messages.get(id)
      if (this.broken.has(id)) yield unreadable(id)
      else if (lying) yield { id, outcome: 'message', message: asFetched(lying.message, bodies) }
      else yield { id, outcome: 'missing' }
    }
  }

  async labels(_conn: unknown, signal: AbortSignal): Promise<PulledLabel[]> {
    await this.#call('labels', '', signal)
    return [...this.folders.values()].map(({ id, name, role }) => ({
      id,
      name,
      role,
      color: null,
      hidden: false,
    }))
  }

  async counts(_conn: unknown, resource: string | null, signal: AbortSignal) {
    await this.#call('counts', resource ?? '', signal)
    const counted = [...this.messages.values()].filter(
      ({ folder }) => resource === null || folder === resource,
    )
    return { messages: counted.length, unread: null }
  }

  async watch(_conn: unknown, resource: string, { current }: WatchRequest, signal: AbortSignal) {
    await this.#call('watch', resource, signal)
    const providerId = current?.providerId ?? `w${++this.#watches}`
    return { providerId, expiresAt: Date.now() + 6 * 86_400_000, cursor: null, renewed: current !== null }
  }

  async unwatch(_conn: unknown, { providerId }: { providerId: string }, signal: AbortSignal) {
    await this.#call('unwatch', providerId, signal)
  }

  async body(_conn: unknown, messageId: string, signal: AbortSignal) {
    await this.#call('body', messageId, signal)
    const body = this.messages.get(messageId)?.message.body
    if (!body) throw new ProviderError('not_found', `There is no message ${messageId}.`)
    return body
  }

  async attachment(_conn: unknown, messageId: string, partId: string, signal: AbortSignal) {
    await this.#call('attachment', `${messageId} ${partId}`, signal)
    const file = this.messages.has(messageId) && this.files.get(`${messageId} ${partId}`)
    if (!file) throw new ProviderError('not_found', `Message ${messageId} has no part ${partId}.`)
    return file
  }

  async mutate(_conn: unknown, change: ProviderMutation, signal: AbortSignal): Promise<MutateOutcome> {
    await this.#call('mutate', change.type, signal)
    return changeFolders(this, this.#outbox, change)
  }

  /** The folder that has the role. */
  placeOf(role: LabelRole): string {
    const folder = [...this.folders.values()].find(each => each.role === role)
    if (!folder) throw new ProviderError('permanent', `There is no folder for ${role}.`)
    return folder.id
  }
}
