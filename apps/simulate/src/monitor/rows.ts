import type { Change } from '@inlet/protocol/changes'
import type { Message } from '@inlet/protocol/entities'
import { changesAfter } from '@inlet/testkit/memory-store/feed-reader'
import { idOf } from '../ids.ts'
import { same } from '../same.ts'
import type { Watched } from './watched.ts'

/** What came back after it had been gone may be deleted here for so long by who has asked before. */
const COME_AGAIN_MS = 100_000

type Row = Extract<Change, { op: 'upsert' }>['row']
type Seen = { head: number; rows: Map<string, Row> }

/** Rows as they take their seqs: each has changed (I4), and what is deleted is gone at the provider (I7). */
export class RowWatch {
  readonly #watched: Watched
  readonly #users = new Map<string, Seen>()

  constructor(watched: Watched) {
    this.#watched = watched
  }

  /** After each transaction of the database, in the same step. */
  committed(name: string): void {
    for (const user of this.#watched.state.users.values()) {
      const seen = this.#users.get(user.userId) ?? { head: 0, rows: new Map() }
      this.#users.set(user.userId, seen)
      if (user.head === seen.head) continue
      const changes = changesAfter(user, seen.head)
      seen.head = user.head
      for (const change of changes) this.#changed(seen, change, name)
    }
  }

  #changed(seen: Seen, change: Change, name: string): void {
    const key = `${change.kind} ${change.id}`
    if (change.op === 'delete') {
      const old = seen.rows.get(key)
      seen.rows.delete(key)
      this.#watched.trace.say('database', `#${change.seq} ${change.kind} deleted`)
      if (change.kind === 'message' && old !== undefined && name === 'commit') this.#deleted(change.id)
      return
    }
    const before = seen.rows.get(key)
    if (this.#watched.trace.on)
      this.#watched.trace.say('database', `#${change.seq} ${change.kind} ${describe(change)}`)
    if (change.kind !== 'account' && before !== undefined && same(before, change.row))
      this.#watched.violations.report(
        'I4',
        `The ${change.kind} ${change.id} took seq ${change.seq} without having changed: a replay is not a no-op.`,
      )
    if (change.kind === 'message' && before) this.#keptFolders(change.row, before as Message)
    seen.rows.set(key, change.row)
  }

  /** Where messages have places: one that lies in a folder as it always did has lost it by somebody's not seeing it. */
  #keptFolders(row: Message, before: Message): void {
    const lost = before.labelIds.filter(id => !row.labelIds.includes(id))
    if (lost.length === 0) return
    const user = [...this.#watched.state.users.values()].find(each => each.accounts.has(row.accountId))
    const mailbox = this.#watched.mailboxes.get(user?.accounts.get(row.accountId)?.row.email ?? '')
    if (!user || !mailbox?.traits.placed) return
    const messageId = user.messages.get(row.id)?.providerId ?? ''
    for (const label of mailbox.messages.get(messageId)?.labelIds ?? [])
      if (
        lost.includes(idOf(row.accountId, 'label', label)) &&
        mailbox.lainSince(messageId, label) <= this.#watched.now() - COME_AGAIN_MS
      )
        this.#watched.violations.report(
          'I7',
          `Message ${messageId} of ${mailbox.email} lost the folder ${label} here, and has lain there all the time.`,
        )
  }

  #deleted(id: string): void {
    for (const mailbox of this.#watched.mailboxes.values())
      for (const account of this.#accountsOf(mailbox.email))
        for (const messageId of mailbox.messages.keys())
          if (
            idOf(account, 'message', messageId) === id &&
            mailbox.lainSince(messageId) <= this.#watched.now() - COME_AGAIN_MS
          )
            this.#watched.violations.report(
              'I7',
              `Message ${messageId} of ${mailbox.email} was deleted here, and the provider still has it.`,
            )
  }

  *#accountsOf(email: string): Generator<string> {
    for (const user of this.#watched.state.users.values())
      for (const { row } of user.accounts.values()) if (row.email === email) yield row.id
  }
}

function describe(change: Extract<Change, { op: 'upsert' }>): string {
  switch (change.kind) {
    case 'message':
      return `"${change.row.subject}"${change.row.unread ? ' unread' : ''}${change.row.starred ? ' starred' : ''} (${change.row.labelIds.length} labels)`
    case 'thread':
      return `"${change.row.subject}" of ${change.row.messageCount}`
    case 'label':
      return `${change.row.name} ${change.row.unread}/${change.row.total}`
    case 'account':
      return `${change.row.status.state}${change.row.status.reason ? ` (${change.row.status.reason})` : ''}`
  }
}
