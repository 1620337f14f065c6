import type { Message, Thread } from '@inlet/protocol/entities'
import { expectedThreads } from '../expected.ts'
import { idOf } from '../ids.ts'
import type { GmailLabel, GmailMessage } from './google.ts'
import type { Stored } from './stored.ts'

/** A mailbox as Gmail itself has it. */
export type Mailbox = { email: string; accountId: string; messages: GmailMessage[]; labels: GmailLabel[] }
type Rows = ReadonlyMap<string, Stored>

/** Every difference between what Gmail has and what is stored of that mailbox; empty when they are the same. */
export function compareMailbox(mailbox: Mailbox, stored: Rows): string[] {
  const { accountId, email } = mailbox
  const found: string[] = []
  const say = (text: string) => found.push(`${email}: ${text}`)
  const mine = (kind: string) =>
    new Map(
      [...stored]
        .filter(([key, { row }]) => key.startsWith(`${kind} `) && row.accountId === accountId)
        .map(([, { row }]) => [row.id, row]),
    )
  const messages = mine('message')
  const counts = new Map<string, { total: number; unread: number }>()
  const here = new Map(messages)
  for (const message of mailbox.messages) {
    const wanted = expectedMessage(accountId, message)
    for (const label of wanted.labelIds) {
      const count = counts.get(label) ?? { total: 0, unread: 0 }
      counts.set(label, { total: count.total + 1, unread: count.unread + (wanted.unread ? 1 : 0) })
    }
    const row = here.get(wanted.id)
    here.delete(wanted.id)
    if (!row) say(`message ${message.id} (${subjectOf(message)}) is not stored`)
    else {
      const what = difference(pick(row, wanted), wanted)
      if (what) say(`message ${message.id} is stored with ${what}`)
    }
  }
  for (const row of here.values()) say(`"${row.subject}" is stored (${row.id}), and Gmail has it no more`)

  const threads = mine('thread')
  for (const wanted of threadsOf([...messages.values()] as unknown as Message[])) {
    const row = threads.get(wanted.id)
    threads.delete(wanted.id)
    const what = row ? difference(row, wanted) : 'nothing'
    if (what) say(`the thread "${wanted.subject}" is stored with ${what}`)
  }
  for (const row of threads.values()) say(`the thread "${row.subject}" is stored, and has no message`)

  const labels = mine('label')
  for (const label of mailbox.labels) {
    const id = idOf(accountId, 'label', label.id)
    const row = labels.get(id)
    labels.delete(id)
    const wanted = {
      id,
      ...(counts.get(id) ?? { total: 0, unread: 0 }),
      ...(label.type === 'user' ? { name: label.name } : {}),
    }
    if (!row) say(`the label ${label.name} is not stored`)
    else {
      const what = difference(pick(row, wanted), wanted)
      if (what) say(`the label ${label.name} is stored with ${what}`)
    }
  }
  for (const row of labels.values()) say(`the label ${row.name} is stored, and Gmail has it no more`)
  return found
}

/** Every difference between what is stored and what a reader holds. `held`: rows without what the reader adds. */
export function compareReader(name: string, stored: Rows, held: Rows): string[] {
  const found: string[] = []
  for (const [key, { seq, row }] of stored) {
    const other = held.get(key)
    if (!other) found.push(`${name} lacks ${key} (seq ${seq})`)
    else {
      const what = difference(other.row, row)
      if (other.seq !== seq || what)
        found.push(`${name} holds ${key} of seq ${seq} as of ${other.seq} ${what}`)
    }
  }
  for (const [key, { seq }] of held)
    if (!stored.has(key)) found.push(`${name} holds ${key} (seq ${seq}), which is gone`)
  return found
}

/** What can be told of a stored row from Gmail's answer without reading mail as the product reads it. */
function expectedMessage(accountId: string, message: GmailMessage) {
  const labels = message.labelIds ?? []
  const subject = plain(headerOf(message, 'subject'))
  const messageId = plain(headerOf(message, 'message-id'))
  return {
    id: idOf(accountId, 'message', message.id),
    threadId: idOf(accountId, 'thread', message.threadId),
    labelIds: labels.map(label => idOf(accountId, 'label', label)).sort(),
    unread: labels.includes('UNREAD'),
    starred: labels.includes('STARRED'),
    draft: labels.includes('DRAFT'),
    receivedAt: Number(message.internalDate),
    sizeBytes: message.sizeEstimate,
    ...(subject === null ? {} : { subject }),
    ...(messageId !== null && /^<[^<>\s]+@[^<>\s]+>$/.test(messageId) ? { messageIdHeader: messageId } : {}),
  }
}

function threadsOf(rows: Message[]): Thread[] {
  const attachments = new Map<string, number>()
  for (const row of rows)
    attachments.set(row.threadId, (attachments.get(row.threadId) ?? 0) + row.attachmentCount)
  return [...expectedThreads(rows).values()].map(thread => ({
    ...thread,
    attachmentCount: attachments.get(thread.id) ?? 0,
  }))
}

const headerOf = (message: GmailMessage, name: string) =>
  message.payload?.headers?.find(header => header.name.toLowerCase() === name)?.value ?? ''
const subjectOf = (message: GmailMessage) => headerOf(message, 'subject').slice(0, 60)

/** A header that means what it says: printable ASCII in single spaces, no encoded words. */
function plain(value: string): string | null {
  return /^[!-~]+( [!-~]+)*$/.test(value) && !value.includes('=?') && value.length < 200 ? value : null
}

const pick = (row: object, like: object) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name in like))

/** Which fields differ, with both values; '' when none does. */
export function difference(held: object, wanted: object): string {
  const [have, want] = [new Map(Object.entries(held)), new Map(Object.entries(wanted))]
  return [...new Set([...have.keys(), ...want.keys()])]
    .filter(name => canonical(have.get(name)) !== canonical(want.get(name)))
    .map(name => `${name} ${canonical(have.get(name))} (wanted ${canonical(want.get(name))})`)
    .join(', ')
}

/** jsonb and schemas give keys back in an order of their own. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'nothing'
  )
}
