import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  Fetched,
  LabelPatch,
  ListedPage,
  ProviderMutation,
  ProviderPort,
  PulledLabel,
  PulledMessage,
  PulledPage,
  WatchRequest,
} from '@inlet/sync/provider-port'
import { fakeMessage } from './fake-message.ts'

type FakeRecord =
  | { type: 'added'; id: string; version: bigint }
  | { type: 'labels'; id: string; version: bigint; add: string[]; remove: string[] }
  | { type: 'deleted'; id: string; version: bigint }

const SYSTEM: PulledLabel[] = [
  { id: 'INBOX', name: 'Inbox', role: 'inbox', color: null, hidden: false },
  { id: 'UNREAD', name: 'Unread', role: 'unread', color: null, hidden: true },
  { id: 'STARRED', name: 'Starred', role: 'starred', color: null, hidden: false },
  { id: 'TRASH', name: 'Trash', role: 'trash', color: null, hidden: false },
  { id: 'SENT', name: 'Sent', role: 'sent', color: null, hidden: false },
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
  readonly sent = new Map<string, ProviderMutation>()
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

  async identify() {
    await this.#call('identify', '')
    return { email: 'me@example.com', displayName: 'Me' }
  }
  async resources() {
    await this.#call('resources', '')
    return [{ key: 'mailbox', name: 'Mailbox', watched: true }]
  }
  async currentCursor() {
    await this.#call('currentCursor', '')
    return String(this.#version)
  }

  async *pull(
    _conn: unknown,
    _resource: string,
    cursor: string,
    signal: AbortSignal,
  ): AsyncIterable<PulledPage> {
    const after = BigInt(cursor)
    if (after < this.#forgotten) {
      await this.#call('pull', cursor)
      throw new ProviderError('cursor_expired', `History before ${this.#forgotten} is gone.`)
    }
    let from = after
    for (;;) {
      await this.#call('pull', String(from))
      signal.throwIfAborted()
      const rest = this.history.filter(record => record.version > from)
      const records = rest.slice(0, this.pageSize)
      const last = rest.length <= this.pageSize
      from = records.at(-1)?.version ?? from
      yield pageOf(records, last ? String(records.at(-1)?.version ?? this.#latest(after)) : null)
      if (last) return
    }
  }

  #latest(after: bigint): bigint {
    return this.#version > after ? this.#version : after
  }

  async listings() {
    await this.#call('listings', '')
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
  ): Promise<ListedPage> {
    await this.#call('list', `${listing} ${position ?? ''}`)
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
    _options: unknown,
    signal: AbortSignal,
  ): AsyncIterable<Fetched> {
    for (const id of ids) {
      await this.#call('fetch', id)
      signal.throwIfAborted()
      const message = this.messages.get(id)
      if (this.broken.has(id))
        yield {
          id,
          outcome: 'failed',
          code: 'unparsable',
          message: `Message ${id} cannot be read.`,
          retryAt: null,
        }
      else if (message) yield { id, outcome: 'message', message: structuredClone(message) }
      else yield { id, outcome: 'missing' }
    }
  }

  async labels() {
    await this.#call('labels', '')
    return [...this.labelList]
  }
  async counts() {
    await this.#call('counts', '')
    return { messages: this.messages.size, unread: null }
  }
  async watch(_conn: unknown, _resource: string, { current }: WatchRequest) {
    await this.#call('watch', '')
    this.watches += 1
    return {
      providerId: `w${this.watches}`,
      expiresAt: Date.now() + 7 * 86_400_000,
      cursor: String(this.#version),
      renewed: current !== null,
    }
  }
  async unwatch() {
    await this.#call('unwatch', '')
  }
  async body(_conn: unknown, messageId: string) {
    await this.#call('body', messageId)
    const body = this.messages.get(messageId)?.body
    if (!body) throw new ProviderError('not_found', `There is no message ${messageId}.`)
    return body
  }
  async attachment(): Promise<Uint8Array> {
    throw new ProviderError('not_found', 'This mailbox has no attachments.')
  }

  async mutate(_conn: unknown, change: ProviderMutation) {
    await this.#call('mutate', change.type)
    if ('mail' in change) {
      const known = this.sent.has(change.clientId)
      this.sent.set(change.clientId, change)
      const id = known ? null : this.deliver({ labelIds: ['SENT'], subject: change.mail.subject }).id
      return { state: 'done' as const, messageId: id }
    }
    const [add, remove] = labelsOf(change)
    for (const id of change.messageIds) this.label(id, add, remove)
    return { state: 'done' as const, messageId: null }
  }

  async #call(call: string, detail: string): Promise<void> {
    this.calls.push(detail ? `${call} ${detail}` : call)
    await this.onCall(call, detail)
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

function pageOf(records: FakeRecord[], cursor: string | null): PulledPage {
  const patches: LabelPatch[] = []
  const page: PulledPage = { upserts: [], touched: [], patches, deletions: [], cursor, labelsChanged: false }
  for (const record of records) {
    const { id, version } = record
    if (record.type === 'added') page.touched.push({ id, version })
    else if (record.type === 'deleted') page.deletions.push({ id, version })
    else {
      const { add, remove } = record
      const flag = (label: string) => (add.includes(label) ? true : remove.includes(label) ? false : null)
      patches.push({ id, version, add, remove, unread: flag('UNREAD'), starred: flag('STARRED') })
    }
  }
  return page
}
