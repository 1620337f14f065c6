import type { LabelPatch, PulledLabel, PulledMessage, PulledPage } from '@inlet/sync/provider-port'

type Entry =
  | { type: 'added'; id: string; version: bigint }
  | { type: 'labels'; id: string; version: bigint; add: string[]; remove: string[] }
  | { type: 'deleted'; id: string; version: bigint }
  | { type: 'labelList'; version: bigint }

const system = (id: string, name: string, role: PulledLabel['role'], hidden = false): PulledLabel => ({
  id,
  name,
  role,
  color: null,
  hidden,
})
const SYSTEM = [
  system('INBOX', 'Inbox', 'inbox'),
  system('UNREAD', 'Unread', 'unread', true),
  system('STARRED', 'Starred', 'starred'),
  system('TRASH', 'Trash', 'trash'),
  system('SENT', 'Sent', 'sent'),
]

/**
 * A person's mailbox at the provider: what is true. It has Gmail's shape: one version that every change moves, a history
 * of records that may be cut off, labels as sets, messages whose content never changes and whose ids never come again.
 */
export class Mailbox {
  readonly email: string
  readonly messages = new Map<string, PulledMessage>()
  readonly broken = new Set<string>()
  /** The next answer that holds one of these is late, and by then it has changed and cannot be read again. */
  readonly flickering = new Set<string>()
  /** Labels that are gone, and the history with them, as soon as an answer has told that a message carries them. */
  readonly fleeting = new Set<string>()
  /** Messages that have lost such a label: the next answer that holds one is late, and by then it has changed again. */
  readonly overtaking = new Set<string>()
  labels: PulledLabel[] = [...SYSTEM]
  version = 1n
  /** Cursors below it are too old. */
  forgotten = 0n
  /** Pushes are sent until then; null: no watch. */
  watchUntil: number | null = null
  /** Access tokens of this generation are accepted; a revoked grant waits for a new one. */
  generation = 1
  revoked = false
  /** Sends that went out, by client id. */
  readonly sent = new Map<string, number>()
  readonly #onChange: (mailbox: Mailbox) => void
  #history: Entry[] = []
  #made = 0

  constructor(email: string, onChange: (mailbox: Mailbox) => void) {
    this.email = email
    this.#onChange = onChange
  }

  ids(): string[] {
    return [...this.messages.keys()]
  }

  deliver(
    now: number,
    more: { threadId?: string; labelIds?: string[]; from?: string; subject?: string } = {},
  ): PulledMessage {
    const id = `m${++this.#made}`
    const version = ++this.version
    const labelIds = more.labelIds ?? ['INBOX', 'UNREAD']
    const email = more.from ?? 'ada@example.com'
    const message: PulledMessage = {
      id,
      threadId: more.threadId ?? `t${this.#made}`,
      version,
      subject: more.subject ?? `Mail ${this.#made}`,
      from: { name: email.slice(0, email.indexOf('@')), email },
      to: [{ name: '', email: this.email }],
      cc: [],
      bcc: [],
      replyTo: [],
      snippet: `Snippet ${this.#made}`,
      receivedAt: now,
      sentAt: null,
      labelIds,
      unread: labelIds.includes('UNREAD'),
      starred: labelIds.includes('STARRED'),
      draft: false,
      sizeBytes: 1_000 + this.#made,
      messageIdHeader: `<${id}@${this.email}>`,
      inReplyTo: null,
      references: [],
      attachments: [],
      body: { html: null, text: `Body ${this.#made}`, warning: null },
    }
    this.messages.set(id, message)
    this.#record({ type: 'added', id, version })
    return message
  }

  label(id: string, add: string[], remove: string[]): void {
    const message = this.messages.get(id)
    if (!message) return
    const labels = new Set(message.labelIds)
    const [added, removed] = [add.filter(each => !labels.has(each)), remove.filter(each => labels.has(each))]
    if (added.length + removed.length === 0) return
    for (const each of removed) labels.delete(each)
    for (const each of added) labels.add(each)
    const version = ++this.version
    const flags = { unread: labels.has('UNREAD'), starred: labels.has('STARRED') }
    this.messages.set(id, { ...message, labelIds: [...labels], version, ...flags })
    this.#record({ type: 'labels', id, version, add: added, remove: removed })
  }

  remove(id: string): void {
    if (!this.messages.delete(id)) return
    this.broken.delete(id)
    this.#record({ type: 'deleted', id, version: ++this.version })
  }

  createLabel(name: string): string {
    const id = `L${++this.#made}`
    this.labels = [...this.labels, { id, name, role: null, color: null, hidden: false }]
    this.#record({ type: 'labelList', version: ++this.version })
    return id
  }

  renameLabel(id: string, name: string): void {
    this.labels = this.labels.map(label => (label.id === id ? { ...label, name } : label))
    this.#record({ type: 'labelList', version: ++this.version })
  }

  /** Every message loses it, each with a record, as Gmail does. */
  deleteLabel(id: string): void {
    for (const message of [...this.messages.values()])
      if (message.labelIds.includes(id)) this.label(message.id, [], [id])
    this.labels = this.labels.filter(label => label.id !== id)
    this.#record({ type: 'labelList', version: ++this.version })
  }

  ownLabels(): string[] {
    return this.labels.filter(label => label.role === null).map(label => label.id)
  }

  /** Every cursor given out so far is now too old. */
  expireCursors(): void {
    this.forgotten = ++this.version
    this.#history = []
  }

  /** One page of what came after `from`, and where the next begins (null: this was the last). */
  page(from: bigint, size: number): { page: PulledPage; next: bigint | null } {
    const rest = this.#history.filter(entry => entry.version > from)
    const entries = rest.slice(0, size)
    const next = rest.length > size ? (entries.at(-1)?.version ?? from) : null
    const end = this.version > from ? this.version : from
    const page = pageOf(entries, next === null ? String(end) : null)
    for (const label of this.fleeting)
      if (page.patches.some(({ add }) => add.includes(label))) this.#flee(label)
    return { page, next }
  }

  #flee(label: string): void {
    this.fleeting.delete(label)
    for (const { id, labelIds } of this.messages.values())
      if (labelIds.includes(label)) this.overtaking.add(id)
    this.deleteLabel(label)
    this.expireCursors()
  }

  #record(entry: Entry): void {
    this.#history.push(entry)
    this.#onChange(this)
  }
}

function pageOf(entries: Entry[], cursor: string | null): PulledPage {
  const patches: LabelPatch[] = []
  const page: PulledPage = { upserts: [], touched: [], patches, deletions: [], cursor, labelsChanged: false }
  for (const entry of entries) {
    if (entry.type === 'added') page.touched.push({ id: entry.id, version: entry.version })
    else if (entry.type === 'deleted') page.deletions.push({ id: entry.id, version: entry.version })
    else if (entry.type === 'labelList') page.labelsChanged = true
    else {
      const { id, version, add, remove } = entry
      const flag = (label: string) => (add.includes(label) ? true : remove.includes(label) ? false : null)
      patches.push({ id, version, add, remove, unread: flag('UNREAD'), starred: flag('STARRED') })
    }
  }
  return page
}
