import type { Message, Thread } from '@inlet/protocol/entities'
import { expectedThreads } from '../expected.ts'
import { idOf } from '../ids.ts'
import type { Held, HeldLabel, HeldMessage } from './mailbox.ts'
import type { Stored } from './stored.ts'

/** A connected mailbox as its provider has it. */
export type Connected = Held & { email: string; accountId: string }
type Rows = ReadonlyMap<string, Stored>
type Row = Stored['row']

/** Every difference between what a provider has and what is stored of that mailbox; empty when they are the same. */
export function compareMailbox(mailbox: Connected, stored: Rows): string[] {
  const { accountId, email } = mailbox
  const found: string[] = []
  const say = (text: string) => found.push(`${email}: ${text}`)
  const mine = (kind: string) =>
    new Map(
      [...stored]
        .filter(([key, { row }]) => key.startsWith(`${kind} `) && row.accountId === accountId)
        .map(([, { row }]) => [row.id, row]),
    )
  const [messages, labels] = [mine('message'), mine('label')]
  const labelIds = new Map(
    mailbox.labels.map(label => [label.key, labelId(accountId, label, labels.values())]),
  )
  const counts = new Map<string, { total: number; unread: number }>()
  const threadIds = new Map<string, string>()
  const here = new Map(messages)
  for (const message of mailbox.messages) {
    const called = `message ${message.id ?? message.row.messageIdHeader} (${message.row.subject ?? '-'})`
    for (const label of message.labels) {
      const count = counts.get(label) ?? { total: 0, unread: 0 }
      counts.set(label, { total: count.total + 1, unread: count.unread + (message.row.unread ? 1 : 0) })
    }
    const row = rowOf(accountId, message, here)
    if (!row) {
      say(`${called} is not stored`)
      continue
    }
    here.delete(row.id)
    if (message.id === null && !threadIds.has(message.thread))
      threadIds.set(message.thread, String(row.threadId))
    const wanted = {
      ...message.row,
      threadId: threadIds.get(message.thread) ?? idOf(accountId, 'thread', message.thread),
      labelIds: message.labels.map(label => labelIds.get(label) ?? `none for ${label}`).sort(),
    }
    const what = difference(pick(row, wanted), wanted)
    if (what) say(`${called} is stored with ${what}`)
  }
  for (const row of here.values())
    say(`"${row.subject}" is stored (${row.id}), and the provider has it no more`)
  if (new Set(threadIds.values()).size < threadIds.size) say('several threads are stored as one')

  const threads = mine('thread')
  for (const wanted of threadsOf([...messages.values()] as unknown as Message[])) {
    const row = threads.get(wanted.id)
    threads.delete(wanted.id)
    const what = row ? difference(row, wanted) : 'nothing'
    if (what) say(`the thread "${wanted.subject}" is stored with ${what}`)
  }
  for (const row of threads.values()) say(`the thread "${row.subject}" is stored, and has no message`)

  for (const { key, name } of mailbox.labels) {
    const id = labelIds.get(key) ?? ''
    const row = labels.get(id)
    labels.delete(id)
    const wanted = { ...(counts.get(key) ?? { total: 0, unread: 0 }), ...(name === null ? {} : { name }) }
    if (!row) say(`the label ${name ?? key} is not stored`)
    else {
      const what = difference(pick(row, wanted), wanted)
      if (what) say(`the label ${name ?? key} is stored with ${what}`)
    }
  }
  for (const row of labels.values()) say(`the label ${row.name} is stored, and the provider has it no more`)
  return found
}

/** By the provider's id; where it gives none, by Message-ID and time of arrival. */
function rowOf(
  accountId: string,
  { id, row: { messageIdHeader, receivedAt } }: HeldMessage,
  rows: Map<string, Row>,
) {
  if (id !== null) return rows.get(idOf(accountId, 'message', id))
  return [...rows.values()].find(
    row => row.messageIdHeader === messageIdHeader && row.receivedAt === receivedAt,
  )
}

/** By the provider's id; where it gives none, by name. */
function labelId(accountId: string, { id, name }: HeldLabel, rows: Iterable<Row>): string | undefined {
  if (id !== null) return idOf(accountId, 'label', id)
  return [...rows].find(row => row.name === name)?.id
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

function threadsOf(rows: Message[]): Thread[] {
  const attachments = new Map<string, number>()
  for (const row of rows)
    attachments.set(row.threadId, (attachments.get(row.threadId) ?? 0) + row.attachmentCount)
  return [...expectedThreads(rows).values()].map(thread => ({
    ...thread,
    attachmentCount: attachments.get(thread.id) ?? 0,
  }))
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
