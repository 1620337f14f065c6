import type { Address, Message, Thread } from '@inlet/protocol/entities'
import { byText } from './state.ts'

const PARTICIPANTS_MAX = 8

/** A thread from its messages, of which there is at least one: the same as derive-threads.ts of @inlet/db says in SQL. */
export function deriveThread(id: string, messages: readonly Message[]): Thread {
  const oldestFirst = [...messages].sort((a, b) => a.receivedAt - b.receivedAt || byText(a.id, b.id))
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
    accountId: messages.map(message => message.accountId).sort(byText)[0] ?? oldest.accountId,
    subject: oldest.subject,
    snippet: newest.snippet,
    participants: [...people.values()].slice(0, PARTICIPANTS_MAX),
    lastMessageId: newest.id,
    lastMessageAt: newest.receivedAt,
    messageCount: messages.length,
    unreadCount: messages.filter(message => message.unread).length,
    starred: messages.some(message => message.starred),
    labelIds: [...labelIds].sort(byText),
    attachmentCount: messages.reduce((sum, message) => sum + message.attachmentCount, 0),
  }
}
