import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  Fetched,
  FetchOptions,
  ListedPage,
  MutateOutcome,
  ProviderMutation,
  ProviderPort,
  PulledLabel,
  PulledMessage,
  PulledPage,
  WatchGrant,
  WatchRequest,
} from '@inlet/sync/provider-port'
import { untilAborted } from './fake-call.ts'
import { type FakeRecord, pageOf } from './fake-history.ts'
import { asFetched, fakeMessage, unreadable } from './fake-message.ts'
import { FakeOutbox } from './fake-outbox.ts'

const SYSTEM: PulledLabel[] = [
  { id: 'INBOX', name: 'Inbox', role: 'inbox', color: null, hidden: false },
  { id: 'UNREAD', name: 'Unread', role: 'unread', color: null, hidden: true },
  { id: 'STARRED', name: 'Starred', role: 'starred', color: null, hidden: false },
  { id: 'TRASH', name: 'Trash', role: 'trash', color: null, hidden: false },
  { id: 'SENT', name: 'Sent', role: 'sent', color: null, hidden: false },
  { id: 'DRAFT', name: 'Drafts', role: 'drafts', color: null, hidden: false },
  { id: 'SPAM', name: 'Spam', role: 'spam', color: null, hidden: false },
]

/**
 * A mailbox in memory behind the provider port, with Gmail's shape: one resource, a history of records, listings of
 * ids, labels as sets. Faults are set on `faults`; `onCall` runs before every call and may throw or wait.
 */
export class FakeProvider implements ProviderPort {
  readonly provider = 'gmail' as const
  readonly silentLabels = true
  readonly messages = new Map<string, PulledMessage>()
  readonly history: FakeRecord[] = []
  readonly labelList: PulledLabel[] = [...SYSTEM]
  readonly broken = new Set<string>()
  /** Attached files by `<message id> <part id>`. */
  readonly files = new Map<string, Uint8Array>()
  readonly #outbox = new FakeOutbox()
  /** Labels that were listed. */
  readonly #listed = new Set<string>()
  email = 'me@example.com'
  watches = 0
  calls: string[] = []
  onCall: (call: string, detail: string) => Promise<void> | void = () => {}
  pageSize = 50
  /** Records at or below this version are forgotten. */
  #forgotten = 0n
  #version = 1n
  #ids = 0

  // -- the mailbox, as its owner's other devices change it --

  deliver(more: Partial<PulledMessage> = {}): PulledMessage {
    const id = more.id ?? `m${++this.#ids}`
    const version = ++this.#version
    const labelIds = more.labelIds ?? ['INBOX', 'UNREAD']
    const flags = { unread: labelIds.includes('UNREAD'), starred: labelIds.includes('STARRED') }
    const message = fakeMessage(id, version, { ...flags, ...more, labelIds })
    this.messages.set(id, message)
    this.history.push({ type: 'added', id, version })
    return message
  }

  label(id: string, add: string[], remove: string[] = []): void {
    const message = this.messages.get(id)
    if (!message) return
    const labels = new Set(message.labelIds)
    for (const label of remove) labels.delete(label)
    for (const label of add) labels.add(label)
    const labelIds = [...labels]
    const version = ++this.#version
    const flags = { unread: labels.has('UNREAD'), starred: labels.has('STARRED') }
    this.messages.set(id, { ...message, labelIds, version, ...flags })
    this.history.push({ type: 'labels', id, version, add, remove })
  }

  remove(id: string): void {
    if (!this.messages.delete(id)) return
    this.history.push({ type: 'deleted', id, version: ++this.#version })
  }

  /** Every cursor given out so far is now too old. */
  expireCursors(): void {
    this.#forgotten = ++this.#version
    this.history.length = 0
  }

  // -- the port --

  async identify(_conn: unknown, signal: AbortSignal) {
    await this.#call('identify', '', signal)
    return { email: this.email, displayName: 'Me' }
  }
  async resources(_conn: unknown, signal: AbortSignal) {
    await this.#call('resources', '', signal)
    return [{ key: 'mailbox', name: 'Mailbox', watched: true }]
  }
  async currentCursor(_conn: unknown, _resource: string, signal: AbortSignal) {
    await this.#call('currentCursor', '', signal)
    return String(this.#version)
  }

  async *pull(
    _conn: unknown,
    _resource: string,
    cursor: string,
    signal: AbortSignal,
  ): AsyncIterable<PulledPage> {
    const after = /^\d+$/.test(cursor) ? BigInt(cursor) : -1n
    if (after < this.#forgotten) {
      await this.#call('pull', cursor, signal)
      throw new ProviderError('cursor_expired', `History before ${this.#forgotten} is gone.`)
    }
    let from = after
    for (;;) {
      await this.#call('pull', String(from), signal)
      const rest = this.history.filter(record => record.version > from)
      const records = rest.slice(0, this.pageSize)
      const last = rest.length <= this.pageSize
      from = records.at(-1)?.version ?? from
      yield pageOf(
        records,
        last ? String(records.at(-1)?.version ?? this.#latest(after)) : null,
        this.#listed,
      )
      if (last) return
    }
  }

  #latest(after: bigint): bigint {
    return this.#version > after ? this.#version : after
  }

  async listings(_conn: unknown, _resource: string, signal: AbortSignal) {
    await this.#call('listings', '', signal)
    return [
      { name: 'all', labelId: null, counted: true },
      ...this.labelList.map(label => ({ name: `label:${label.id}`, labelId: label.id, counted: false })),
    ]
  }

  async list(
    _conn: unknown,
    _resource: string,
    listing: string,
    position: string | null,
    signal: AbortSignal,
  ): Promise<ListedPage> {
    await this.#call('list', `${listing} ${position ?? ''}`, signal)
    if (position !== null && !/^\d+\|./.test(position))
      throw new ProviderError('cursor_expired', `There is no position ${position}.`)
    const label = listing.startsWith('label:') ? listing.slice(6) : null
    const all = [...this.messages.values()]
      .filter(message => label === null || message.labelIds.includes(label))
      .sort((a, b) => b.receivedAt - a.receivedAt || (a.id < b.id ? 1 : -1))
    // The position names the last item of the page before, as real page tokens do: what arrives meanwhile shifts nothing.
    const [at, id] = position?.split('|') ?? []
    const rest = at
      ? all.filter(
          each => each.receivedAt < Number(at) || (each.receivedAt === Number(at) && each.id < (id ?? '')),
        )
      : all
    const items = rest.slice(0, this.pageSize)
    const last = items.at(-1)
    const next = rest.length > items.length && last ? `${last.receivedAt}|${last.id}` : null
    return { items: items.map(message => ({ id: message.id, message: null })), next, total: all.length }
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
      const message = this.messages.get(id)
      if (this.broken.has(id)) yield unreadable(id)
      else if (message) yield { id, outcome: 'message', message: asFetched(message, bodies) }
      else yield { id, outcome: 'missing' }
    }
  }

  async labels(_conn: unknown, signal: AbortSignal) {
    await this.#call('labels', '', signal)
    for (const { id } of this.labelList) this.#listed.add(id)
    return [...this.labelList]
  }
  async counts(_conn: unknown, _resource: string | null, signal: AbortSignal) {
    await this.#call('counts', '', signal)
    return { messages: this.messages.size, unread: null }
  }
  async watch(
    _conn: unknown,
    _resource: string,
    { current }: WatchRequest,
    signal: AbortSignal,
  ): Promise<WatchGrant> {
    await this.#call('watch', '', signal)
    this.watches += 1
    return {
      providerId: `w${this.watches}`,
      expiresAt: Date.now() + 7 * 86_400_000,
      cursor: String(this.#version),
      renewed: current !== null,
      sole: true,
    }
  }
  async unwatch(_conn: unknown, _watch: unknown, signal: AbortSignal) {
    await this.#call('unwatch', '', signal)
  }
  async body(_conn: unknown, messageId: string, signal: AbortSignal) {
    await this.#call('body', messageId, signal)
    const body = this.messages.get(messageId)?.body
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
    if ('mail' in change)
      return this.#outbox.carryOut(change, {
        file: (type, content) =>
          this.deliver({ ...content, labelIds: [type === 'send' ? 'SENT' : 'DRAFT'] }).id,
        remove: id => this.remove(id),
      })
    const [add, remove] = labelsOf(change)
    for (const label of [...add, ...remove])
      if (!this.labelList.some(({ id }) => id === label))
        throw new ProviderError('permanent', `There is no label ${label}.`)
    const there = change.messageIds.filter(id => this.messages.has(id))
    if (there.length === 0) throw new ProviderError('not_found', 'None of the messages is there.')
    for (const id of there) this.label(id, add, remove)
    return { state: 'done', messageId: null }
  }

  async #call(call: string, detail: string, signal: AbortSignal): Promise<void> {
    this.calls.push(detail ? `${call} ${detail}` : call)
    await untilAborted(() => this.onCall(call, detail), signal)
  }
}

function labelsOf(change: Exclude<ProviderMutation, { type: 'send' | 'draft' }>): [string[], string[]] {
  switch (change.type) {
    case 'read':
      return change.read ? [[], ['UNREAD']] : [['UNREAD'], []]
    case 'star':
      return change.starred ? [['STARRED'], []] : [[], ['STARRED']]
    case 'archive':
      return [[], ['INBOX']]
    case 'trash':
      return [['TRASH'], ['INBOX']]
    case 'untrash':
      return [['INBOX'], ['TRASH']]
    case 'labels':
      return [change.add, change.remove]
  }
}
