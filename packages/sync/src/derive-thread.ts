import type { Address, Message, Thread } from '@inlet/protocol/entities'

const PARTICIPANTS_MAX = 8

/** What a message adds to its thread. */
export type ThreadMember = Pick<
  Message,
  | 'id'
  | 'accountId'
  | 'subject'
  | 'from'
  | 'snippet'
  | 'receivedAt'
  | 'unread'
  | 'starred'
  | 'labelIds'
  | 'attachmentCount'
>

/**
 * A thread from its messages, of which there is at least one. Pure: their order does not matter. Senders are told apart
 * by address without regard to case, and named as in their oldest message.
 */
export function deriveThread(id: string, messages: readonly ThreadMember[]): Thread {
  const oldestFirst = messages.toSorted((a, b) => a.receivedAt - b.receivedAt || byText(a.id, b.id))
  const oldest = oldestFirst[0]
  const newest = oldestFirst.at(-1)
  if (!oldest || !newest) throw new Error(`The thread ${id} has no messages to be derived from.`)
  const people = new Map<string, Address>()
  const labelIds = new Set<string>()
  for (const { from, labelIds: carried } of oldestFirst) {
    const address = from.email.toLowerCase()
    if (!people.has(address)) people.set(address, { name: from.name, email: from.email })
    for (const label of carried) labelIds.add(label)
  }
  return {
    id,
    accountId: oldest.accountId,
    subject: oldest.subject,
    snippet: newest.snippet,
    participants: [...people.values()].slice(0, PARTICIPANTS_MAX),
    lastMessageId: newest.id,
    lastMessageAt: newest.receivedAt,
    messageCount: messages.length,
    unreadCount: messages.filter(message => message.unread).length,
    starred: messages.some(message => message.starred),
    labelIds: [...labelIds].sort(),
    attachmentCount: messages.reduce((sum, message) => sum + message.attachmentCount, 0),
  }
}

/** By code units, as Postgres' "C" collation does for ASCII. */
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
