import type { SearchState } from '@inlet/client/search'
import type { ThreadView } from '@inlet/client/views'
import type { Message } from '@inlet/protocol/entities'

/** Search results as rows of the list. A message whose conversation the server did not send stands for it. */
export function searchRows({ threads, messages }: Pick<SearchState, 'threads' | 'messages'>): ThreadView[] {
  const known = new Set(threads.map(thread => thread.id))
  const lone = new Map<string, Message>()
  for (const message of messages) {
    const last = lone.get(message.threadId)
    if (!known.has(message.threadId) && (!last || last.receivedAt < message.receivedAt)) {
      lone.set(message.threadId, message)
    }
  }
  return [
    ...threads.map(thread => ({ ...thread, seq: 0, pending: false })),
    ...[...lone.values()].map(asThread),
  ].toSorted((a, b) => b.lastMessageAt - a.lastMessageAt)
}

function asThread(message: Message): ThreadView {
  return {
    id: message.threadId,
    accountId: message.accountId,
    subject: message.subject,
    snippet: message.snippet,
    participants: [message.from],
    lastMessageId: message.id,
    lastMessageAt: message.receivedAt,
    messageCount: 1,
    unreadCount: message.unread ? 1 : 0,
    starred: message.starred,
    labelIds: message.labelIds,
    attachmentCount: message.attachmentCount,
    seq: 0,
    pending: false,
  }
}
