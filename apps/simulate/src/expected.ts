import type { Address, Message, Thread } from '@inlet/protocol/entities'
import type { PulledMessage } from '@inlet/sync/provider-port'
import { idOf } from './ids.ts'

/** The row that a message at the provider should have here. Written apart from the planner, to judge it. */
export function expectedRow(accountId: string, message: PulledMessage): Message {
  const { subject, from, to, cc, snippet, receivedAt, unread, starred, draft, sizeBytes, messageIdHeader } =
    message
  return {
    id: idOf(accountId, 'message', message.id),
    accountId,
    threadId: idOf(accountId, 'thread', message.threadId),
    subject,
    from,
    to,
    cc,
    snippet,
    receivedAt,
    unread,
    starred,
    draft,
    labelIds: message.labelIds.map(label => idOf(accountId, 'label', label)).sort(),
    attachmentCount: 0,
    sizeBytes,
    messageIdHeader,
  }
}

/** Threads, one message after the other in order of arrival; apart from what the store does, to judge it. */
export function expectedThreads(rows: Message[]): Map<string, Thread> {
  const threads = new Map<string, Thread>()
  const arrived = [...rows].sort((a, b) => a.receivedAt - b.receivedAt || (a.id < b.id ? -1 : 1))
  for (const row of arrived) {
    const { id, accountId, subject, receivedAt, snippet } = row
    const old = threads.get(row.threadId)
    const known = old?.participants ?? []
    const fresh = !known.some(
      (person: Address) => person.email.toLowerCase() === row.from.email.toLowerCase(),
    )
    threads.set(row.threadId, {
      id: row.threadId,
      accountId,
      subject: old?.subject ?? subject,
      snippet,
      participants: fresh && known.length < 8 ? [...known, row.from] : known,
      lastMessageId: id,
      lastMessageAt: receivedAt,
      messageCount: (old?.messageCount ?? 0) + 1,
      unreadCount: (old?.unreadCount ?? 0) + (row.unread ? 1 : 0),
      starred: (old?.starred ?? false) || row.starred,
      labelIds: [...new Set([...(old?.labelIds ?? []), ...row.labelIds])].sort(),
      attachmentCount: 0,
    })
  }
  return threads
}
