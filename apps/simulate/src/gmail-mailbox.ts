import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  LabelPatch,
  Listing,
  PulledLabel,
  PulledMessage,
  PulledPage,
  WatchGrant,
} from '@inlet/sync/provider-port'
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

type Entry =
  | { type: 'added'; id: string; version: bigint }
  | { type: 'labels'; id: string; version: bigint; add: string[]; remove: string[] }
  | { type: 'deleted'; id: string; version: bigint }
  | { type: 'labelList'; version: bigint }

const SYSTEM = [
  labelOf('INBOX', 'Inbox', 'inbox'),
  labelOf('UNREAD', 'Unread', 'unread', true),
  labelOf('STARRED', 'Starred', 'starred'),
  labelOf('TRASH', 'Trash', 'trash'),
  labelOf('SENT', 'Sent', 'sent'),
]

export const GMAIL: Traits = { provider: 'gmail', silentLabels: true }

/**
 * Gmail's shape: one version that every change moves, a history of records that may be cut off, labels as sets, messages
 * whose content never changes and whose ids never come again.
 */
export class GmailMailbox extends Mailbox {
  readonly traits = GMAIL
  labels: PulledLabel[] = [...SYSTEM]
  #version = 1n
  /** Cursors below it are too old. */
  #forgotten = 0n
  /** Pushes are sent until then; null: no watch. */
  #watchUntil: number | null = null
  #history: Entry[] = []

  deliver(now: number, letter: Letter = {}): PulledMessage {
    const message = { ...this.write(now, letter), version: ++this.#version }
    this.messages.set(message.id, message)
    this.#record({ type: 'added', id: message.id, version: message.version })
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
    const version = ++this.#version
    const flags = { unread: labels.has('UNREAD'), starred: labels.has('STARRED') }
    this.messages.set(id, { ...message, labelIds: [...labels], version, ...flags })
    this.#record({ type: 'labels', id, version, add: added, remove: removed })
  }

  remove(id: string): void {
    if (!this.messages.delete(id)) return
    this.broken.delete(id)
    this.#record({ type: 'deleted', id, version: ++this.#version })
  }

  createLabel(name: string): string {
    const id = `L${++this.made}`
    this.labels = [...this.labels, labelOf(id, name, null)]
    this.#record({ type: 'labelList', version: ++this.#version })
    return id
  }

  renameLabel(id: string, name: string): void {
    this.labels = this.labels.map(label => (label.id === id ? { ...label, name } : label))
    this.#record({ type: 'labelList', version: ++this.#version })
  }

  /** Every message loses it, each with a record, as Gmail does. */
  deleteLabel(id: string): void {
    for (const message of [...this.messages.values()])
      if (message.labelIds.includes(id)) this.label(message.id, [], [id])
    this.labels = this.labels.filter(label => label.id !== id)
    this.#record({ type: 'labelList', version: ++this.#version })
  }

  expireCursors(): void {
    this.#forgotten = ++this.#version
    this.#history = []
  }

  endWatch(): void {
    this.#watchUntil = null
  }

  /** A push is vouched for by its token, which is not part of this tier. */
  forgePush(): void {}

  resources() {
    return [{ key: 'mailbox', name: 'Mailbox', watched: true }]
  }

  cursor(): string {
    return String(this.#version)
  }

  page(_resource: string, cursor: string, size: number): Answer {
    const from = /^\d+$/.test(cursor) ? BigInt(cursor) : -1n
    if (from < this.#forgotten)
      throw new ProviderError('cursor_expired', `The history before ${this.#forgotten} is gone.`)
    const rest = this.#history.filter(entry => entry.version > from)
    const entries = rest.slice(0, size)
    const next = rest.length > size ? String(entries.at(-1)?.version ?? from) : null
    const end = this.#version > from ? this.#version : from
    const page = pageOf(entries, next === null ? String(end) : null)
    for (const label of this.fleeting)
      if (page.patches.some(({ add }) => add.includes(label))) this.#flee(label)
    return { arrive: () => page, next }
  }

  #flee(label: string): void {
    this.fleeting.delete(label)
    for (const { id, labelIds } of this.messages.values())
      if (labelIds.includes(label)) this.overtaking.add(id)
    this.deleteLabel(label)
    this.expireCursors()
  }

  listings(): Listing[] {
    const byLabel = this.labels.map(label => ({
      name: `label:${label.id}`,
      labelId: label.id,
      counted: false,
    }))
    return [{ name: 'all', labelId: null, counted: true }, ...byLabel]
  }

  list(_resource: string, listing: string, position: string | null, size: number) {
    const label = listing.startsWith('label:') ? listing.slice(6) : null
    const all = [...this.messages.values()].filter(each => label === null || each.labelIds.includes(label))
    const { items, next, total } = listed(all, position, size)
    return { items: items.map(({ id }) => ({ id, message: null })), next, total }
  }

  state(id: string): PulledMessage | undefined {
    return this.messages.get(id)
  }

  count(): number {
    return this.messages.size
  }

  watch(_resource: string, { current }: { current: unknown }, until: number): WatchGrant {
    this.#watchUntil = until
    const cursor = String(this.#version)
    const renewed = current !== null
    return { providerId: `watch of ${this.email}`, expiresAt: until, cursor, renewed, sole: true }
  }

  unwatch(): void {
    this.#watchUntil = null
  }

  shown(): void {}

  position(cursor: string): bigint {
    return BigInt(cursor)
  }

  latest(): bigint {
    return this.#version
  }

  *told(): Generator<Told> {
    for (const message of this.messages.values()) yield { message, at: message.version }
  }

  branches() {
    return []
  }

  reviveWatches(until: number): void {
    this.#watchUntil = until
  }

  doors(): string[][] {
    return [['INBOX', 'UNREAD']]
  }

  secretOf(): null {
    return null
  }

  #record(entry: Entry): void {
    this.#history.push(entry)
    if (this.#watchUntil !== null && this.#watchUntil > this.world.now())
      this.world.ring({ provider: 'gmail', mailbox: this.email, resource: null })
  }
}

function pageOf(entries: Entry[], cursor: string | null): PulledPage {
  const patches: LabelPatch[] = []
  const page: PulledPage = { ...NOTHING, touched: [], patches, deletions: [], cursor, labelsChanged: false }
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
