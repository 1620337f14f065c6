import { readCorpusFile } from '../../corpus/files.ts'
import { indexHeaders } from '../../mailbox/header-index.ts'
import { History } from '../../mailbox/history.ts'
import { newMessageId } from '../../mailbox/ids.ts'
import { Threads } from '../../mailbox/threading.ts'
import type { ParsedMessage } from '../../mime/parse.ts'
import { ParsedCache } from '../../mime/parsed-cache.ts'
import type { Collection, Op, Store } from '../../store/store.ts'
import { recordsOf } from './change-records.ts'
import { FolderItems } from './folder-items.ts'
import { FolderTree } from './folder-tree.ts'
import { immutableId, itemOf, usualId } from './ids.ts'
import type { ChangeRecord, Edit, OutlookAccount, StoredFolder, StoredItem } from './types.ts'

export interface NewItem {
  raw: Buffer
  folder: string
  /** Received, epoch ms. */
  date: number
  read?: boolean
  draft?: boolean
  threadId?: string
  also?: Partial<Pick<StoredItem, 'flag' | 'categories' | 'importance' | 'focused' | 'sent'>>
}

export interface ChangeOptions {
  /** Nobody is notified. */
  silent?: boolean
  /** The delta of a folder does not show a message that comes back to it. */
  missReturn?: boolean
}

/** What listens to a mailbox: its ops become part of the commit, then it is told that it is durable. */
export interface Listener {
  ops(edits: readonly Edit[]): readonly Op[]
  committed(): void
}

/** One Outlook account's mail. Each mutation is one commit of the store. */
export class OutlookMailbox {
  readonly email: string
  readonly changes: History<ChangeRecord>
  readonly folders: FolderTree
  listener: Listener = { ops: () => [], committed: () => {} }
  #store: Store
  #now: () => number
  #accounts: Collection<OutlookAccount>
  #items: Collection<StoredItem>
  #byFolder = new Map<string, FolderItems>()
  #threading = new Threads()
  readonly #parsed = new ParsedCache()

  constructor(store: Store, email: string, now: () => number) {
    this.#store = store
    this.#now = now
    this.email = email
    this.#accounts = store.collection('outlook-accounts')
    this.#items = store.collection(`outlook-items:${email}`)
    this.folders = new FolderTree(store.collection<StoredFolder>(`outlook-folders:${email}`))
    this.changes = new History(store.collection<ChangeRecord>(`outlook-changes:${email}`), this.account)
    for (const item of this.#items.values()) this.#enter(item)
  }

  get account(): OutlookAccount {
    const account = this.#accounts.get(this.email)
    if (!account) throw new Error(`no Outlook account ${this.email} in this sandbox`)
    return account
  }

  get size(): number {
    return this.#items.size
  }

  get(id: string): StoredItem | undefined {
    return this.#items.get(id)
  }

  /** By a wire id of either form; a usual id from before a move finds nothing. */
  find(wireId: string): StoredItem | undefined {
    const item = this.get(itemOf(wireId) ?? '')
    return item && [this.wireId(item, true), this.wireId(item, false)].includes(wireId) ? item : undefined
  }

  wireId(item: StoredItem, immutable: boolean): string {
    return immutable
      ? immutableId(this.account, item.id)
      : usualId(this.account, item.id, this.folders.number(item.folder), item.moves)
  }

  all(): IterableIterator<StoredItem> {
    return this.#items.values()
  }

  folderItems(key: string): FolderItems {
    const known = this.#byFolder.get(key)
    if (known) return known
    const items = new FolderItems()
    this.#byFolder.set(key, items)
    return items
  }

  /** Newest first. */
  inFolder(key: string): StoredItem[] {
    return [...this.itemsOf(this.folderItems(key).newestFirst.after())]
  }

  *itemsOf(ids: Iterable<string>): Generator<StoredItem> {
    for (const id of ids) {
      const item = this.get(id)
      if (item) yield item
    }
  }

  raw(item: StoredItem): Buffer {
    return 'corpus' in item.raw ? readCorpusFile(item.raw.corpus) : this.#store.blobs.read(item.raw.blob)
  }

  /** The parsed message; a few megabytes of recent ones are kept. */
  parsed(item: StoredItem): ParsedMessage {
    return this.#parsed.get(`${item.id}:${JSON.stringify(item.raw)}`, () => this.raw(item))
  }

  add(message: NewItem): StoredItem {
    const { raw, folder, date } = message
    const headers = indexHeaders(raw)
    let id = newMessageId(date)
    while (this.#items.has(id)) id = newMessageId(date)
    const sentAt = Number.isNaN(headers.date) ? date : headers.date
    const item: StoredItem = {
      id,
      threadId: message.threadId ?? this.#threading.find(headers, date) ?? id,
      folder,
      moves: 0,
      date,
      sent: sentAt,
      created: date,
      modified: date,
      change: 0,
      read: message.read ?? false,
      draft: message.draft ?? false,
      flag: 'notFlagged',
      categories: [],
      importance: 'normal',
      focused: true,
      size: raw.length,
      raw: { blob: this.#store.blobs.write(raw) },
      index: headers.index,
      ...message.also,
    }
    return this.apply([{ after: item }])[0] ?? item
  }

  /** Changes fields of one message. */
  update(item: StoredItem, fields: Partial<StoredItem>, options?: ChangeOptions): StoredItem {
    return this.apply([{ before: item, after: { ...item, ...fields } }], options)[0] ?? item
  }

  /** Gives a draft other bytes, its id and everything else stays. */
  rewrite(item: StoredItem, raw: Buffer, fields: Partial<StoredItem> = {}): StoredItem {
    const blob = this.#store.blobs.write(raw)
    const { index } = indexHeaders(raw)
    return this.update(item, { ...fields, raw: { blob }, size: raw.length, index })
  }

  /** Moves messages; those already there stay untouched. */
  move(items: readonly StoredItem[], folder: string, options?: ChangeOptions): StoredItem[] {
    return this.apply(
      items
        .filter(item => item.folder !== folder)
        .map(before => ({ before, after: { ...before, folder, moves: before.moves + 1 } })),
      options,
    )
  }

  /** Commits edits and returns the messages as they are now, in order. Numbers and times are set here. */
  apply(edits: readonly Edit[], options: ChangeOptions = {}, also: readonly Op[] = []): StoredItem[] {
    if (edits.length === 0 && also.length === 0) return []
    const records: ChangeRecord[] = []
    const done = edits.map(({ before, after }): Edit => {
      const made = recordsOf({ before, after }, this.changes, options.missReturn === true)
      records.push(...made.records)
      const modified = before ? this.#now() : (after?.modified ?? this.#now())
      return { ...(before && { before }), ...(after && { after: { ...after, change: made.last, modified } }) }
    })
    const log = this.#append(records)
    const ops = done.flatMap(({ before, after }) =>
      after ? [this.#items.put(after.id, after)] : before ? [this.#items.del(before.id)] : [],
    )
    const notices = options.silent ? [] : this.listener.ops(done)
    this.#store.commit([...ops, ...also, ...log, ...notices])
    for (const { before, after } of done) {
      if (before) this.#leave(before)
      if (after) this.#enter(after)
    }
    if (notices.length > 0) this.listener.committed()
    return done.flatMap(({ after }) => after ?? [])
  }

  createFolder(name: string, parent: string, hidden = false): StoredFolder {
    const { nextFolder } = this.account
    const folder: StoredFolder = { key: `folder_${nextFolder}`, number: nextFolder, name, parent, hidden }
    const account = this.#accounts.put(this.email, { ...this.account, nextFolder: nextFolder + 1 })
    this.#changeFolder(folder, 'changed', [account, this.folders.put(folder)])
    return folder
  }

  putFolder(folder: StoredFolder): StoredFolder {
    this.#changeFolder(folder, 'changed', [this.folders.put(folder)])
    return folder
  }

  /** Deletes a folder for good, with everything below and in it. */
  deleteFolder(folder: StoredFolder): void {
    for (const child of this.folders.children(folder.key)) this.deleteFolder(child)
    this.apply(this.inFolder(folder.key).map(before => ({ before })))
    this.#changeFolder(folder, 'removed', [this.folders.del(folder)])
  }

  /** Forgets all changes so far: every delta link given out is dead. */
  expireChanges(): number {
    const floor = this.changes.current
    const ops = this.changes.expireTo(floor)
    this.#store.commit([...ops, this.#accounts.put(this.email, { ...this.account, floor })])
    return floor
  }

  #changeFolder(folder: StoredFolder, change: 'changed' | 'removed', ops: readonly Op[]): void {
    const record = { id: this.changes.next(), folder: folder.key, change, number: folder.number }
    this.#store.commit([...ops, ...this.#append([record])])
  }

  #append(records: readonly ChangeRecord[]): Op[] {
    const { ops, floor } = this.changes.append(records)
    return floor === null ? ops : [...ops, this.#accounts.put(this.email, { ...this.account, floor })]
  }

  #enter(item: StoredItem): void {
    this.folderItems(item.folder).enter(item)
    this.#threading.add(item)
  }

  #leave(item: StoredItem): void {
    this.folderItems(item.folder).leave(item)
    this.#threading.remove(item)
  }
}
