import { readCorpusFile } from '../corpus/files.ts'
import type { ParsedMessage } from '../mime/parse.ts'
import { ParsedCache } from '../mime/parsed-cache.ts'
import type { Collection, Op, Store } from '../store/store.ts'
import { type IndexedHeaders, indexHeaders } from './header-index.ts'
import { History } from './history.ts'
import { newMessageId } from './ids.ts'
import { byDate, Order } from './order.ts'
import { Threads } from './threading.ts'
import type { HistoryRecord, StoredAccount, StoredDraft, StoredLabel, StoredMessage } from './types.ts'

export interface NewMessage {
  raw: Buffer
  labels: readonly string[]
  /** When it was received, epoch ms. */
  date: number
  threadId?: string
}

/**
 * One account's mail: messages, labels, threads, drafts and the numbered history of changes, for
 * every provider that shows it. Each mutation is one commit of the store, then one call of
 * `onChange` with its history records in order.
 */
export class Mailbox {
  readonly email: string
  readonly history: History<HistoryRecord>
  readonly labels: Collection<StoredLabel>
  readonly drafts: Collection<StoredDraft>
  onChange: (records: readonly HistoryRecord[]) => void = () => {}
  #store: Store
  #accounts: Collection<StoredAccount>
  #messages: Collection<StoredMessage>
  #threads = new Map<string, Set<string>>()
  #threading = new Threads()
  readonly #newestFirst = new Order()
  readonly #parsed = new ParsedCache()

  constructor(store: Store, email: string) {
    this.#store = store
    this.email = email
    this.#accounts = store.collection('accounts')
    this.#messages = store.collection(`messages:${email}`)
    this.labels = store.collection(`labels:${email}`)
    this.drafts = store.collection(`drafts:${email}`)
    this.history = new History(store.collection(`history:${email}`), this.account)
    for (const message of this.#messages.values()) this.#enter(message)
  }

  get account(): StoredAccount {
    const account = this.#accounts.get(this.email)
    if (!account) throw new Error(`no account ${this.email} in this sandbox`)
    return account
  }

  get size(): number {
    return this.#messages.size
  }

  get threadCount(): number {
    return this.#threads.size
  }

  get(id: string): StoredMessage | undefined {
    return this.#messages.get(id)
  }

  /** Newest first by date; `from` is an exclusive start. Stable while mail arrives. */
  *newestFirst(from?: Pick<StoredMessage, 'date' | 'id'>): Generator<StoredMessage> {
    for (const id of this.#newestFirst.after(from && byDate(from))) {
      const message = this.get(id)
      if (message) yield message
    }
  }

  /** Messages of a thread, oldest first; empty when there is no such thread. */
  thread(threadId: string): StoredMessage[] {
    const ids = [...(this.#threads.get(threadId) ?? [])]
    return ids.flatMap(id => this.get(id) ?? []).sort((a, b) => a.date - b.date)
  }

  raw(message: StoredMessage): Buffer {
    return 'corpus' in message.raw
      ? readCorpusFile(message.raw.corpus)
      : this.#store.blobs.read(message.raw.blob)
  }

  /** The parsed tree; a few megabytes of recent ones are kept. */
  parsed(message: StoredMessage): ParsedMessage {
    return this.#parsed.get(message.id, () => this.raw(message))
  }

  add(message: NewMessage, extra: (added: StoredMessage) => readonly Op[] = () => []): StoredMessage {
    const headers = indexHeaders(message.raw)
    const blob = this.#store.blobs.write(message.raw)
    return this.#insert(message, headers, blob, extra)
  }

  #insert(
    message: NewMessage,
    headers: IndexedHeaders,
    blob: readonly [number, number, number],
    extra: (added: StoredMessage) => readonly Op[],
  ): StoredMessage {
    let id = newMessageId(message.date)
    while (this.#messages.has(id)) id = newMessageId(message.date)
    const wanted =
      message.threadId !== undefined && this.#threads.has(message.threadId) ? message.threadId : undefined
    const threadId = wanted ?? this.#threading.find(headers, message.date) ?? id
    const labels = [...new Set(message.labels)]
    const record: HistoryRecord = {
      id: this.history.next(),
      messageId: id,
      threadId,
      labels,
      change: 'added',
    }
    const { date } = message
    const stored: StoredMessage = {
      id,
      threadId,
      labels,
      date,
      history: record.id,
      size: message.raw.length,
      raw: { blob },
      index: headers.index,
    }
    this.#commit([this.#messages.put(id, stored), ...extra(stored)], [record])
    this.#enter(stored)
    this.onChange([record])
    return stored
  }

  /** Adds and removes labels; messages that already look so make no history. Unknown ids are skipped. */
  relabel(ids: readonly string[], add: readonly string[], remove: readonly string[]): StoredMessage[] {
    const records: HistoryRecord[] = []
    const changed: StoredMessage[] = []
    for (const id of new Set(ids)) {
      const message = this.get(id)
      if (!message) continue
      const labelsAdded = add.filter(label => !message.labels.includes(label))
      const labelsRemoved = remove.filter(label => message.labels.includes(label) && !add.includes(label))
      if (labelsAdded.length === 0 && labelsRemoved.length === 0) continue
      const labels = [...message.labels.filter(label => !labelsRemoved.includes(label)), ...labelsAdded]
      const record: HistoryRecord = {
        id: this.history.next(),
        messageId: id,
        threadId: message.threadId,
        labels,
        change: 'labels',
        ...(labelsAdded.length > 0 && { labelsAdded }),
        ...(labelsRemoved.length > 0 && { labelsRemoved }),
      }
      records.push(record)
      changed.push({ ...message, labels, history: record.id })
    }
    if (records.length === 0) return []
    this.#commit(
      changed.map(message => this.#messages.put(message.id, message)),
      records,
    )
    this.onChange(records)
    return changed
  }

  /** Deletes for good. Unknown ids are skipped; returns how many were there. */
  remove(ids: readonly string[], extra: readonly Op[] = []): number {
    const gone = [...new Set(ids)].flatMap(id => this.get(id) ?? [])
    const records = gone.map<HistoryRecord>(message => ({
      id: this.history.next(),
      messageId: message.id,
      threadId: message.threadId,
      labels: message.labels,
      change: 'deleted',
    }))
    this.#commit([...gone.map(message => this.#messages.del(message.id)), ...extra], records)
    for (const message of gone) this.#leave(message)
    if (records.length > 0) this.onChange(records)
    return gone.length
  }

  createLabel(label: Omit<StoredLabel, 'id'>): StoredLabel {
    const account = this.account
    const created: StoredLabel = { ...label, id: `label_${account.nextLabel}` }
    const next = { ...account, nextLabel: account.nextLabel + 1 }
    this.#store.commit([this.#accounts.put(this.email, next), this.labels.put(created.id, created)])
    return created
  }

  putLabel(label: StoredLabel): void {
    this.#store.commit([this.labels.put(label.id, label)])
  }

  /** Takes the label off every message, with history, then deletes it. */
  deleteLabel(id: string): void {
    const ids = [...this.#messages.values()].filter(m => m.labels.includes(id)).map(m => m.id)
    this.relabel(ids, [], [id])
    this.#store.commit([this.labels.del(id)])
  }

  /** Forgets all history so far, as providers do after days or hours. */
  expireHistory(): number {
    const floor = this.history.current
    const ops = this.history.expireTo(floor)
    this.#store.commit([...ops, this.#accounts.put(this.email, { ...this.account, floor })])
    return floor
  }

  all(): IterableIterator<StoredMessage> {
    return this.#messages.values()
  }

  #commit(ops: readonly Op[], records: readonly HistoryRecord[]): void {
    const trimmed = this.history.append(records)
    const floor =
      trimmed.floor === null
        ? []
        : [this.#accounts.put(this.email, { ...this.account, floor: trimmed.floor })]
    this.#store.commit([...ops, ...trimmed.ops, ...floor])
  }

  #enter(message: StoredMessage): void {
    let thread = this.#threads.get(message.threadId)
    if (!thread) {
      thread = new Set()
      this.#threads.set(message.threadId, thread)
    }
    thread.add(message.id)
    this.#newestFirst.add(byDate(message))
    this.#threading.add(message)
  }

  #leave(message: StoredMessage): void {
    const thread = this.#threads.get(message.threadId)
    thread?.delete(message.id)
    if (thread?.size === 0) this.#threads.delete(message.threadId)
    this.#threading.remove(message)
    this.#newestFirst.remove(byDate(message))
    this.#parsed.forget(message.id)
  }
}
