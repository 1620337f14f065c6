import type { Account, Label, Message, Thread } from '@inlet/protocol/entities'

export function account(id: string, over: Partial<Account> = {}): Account {
  return {
    id,
    provider: 'gmail',
    email: `${id}@example.org`,
    displayName: id,
    status: { state: 'active', reason: null, since: 0, retryAt: null, error: null },
    lastSyncAt: null,
    lastPushAt: null,
    watchExpiresAt: null,
    progress: null,
    proof: null,
    failedItems: 0,
    createdAt: 0,
    ...over,
  }
}

export function label(id: string, over: Partial<Label> = {}): Label {
  return {
    id,
    accountId: 'a1',
    name: id,
    role: null,
    color: null,
    hidden: false,
    total: 0,
    unread: 0,
    ...over,
  }
}

export function message(id: string, over: Partial<Message> = {}): Message {
  return {
    id,
    accountId: 'a1',
    threadId: `t-${id}`,
    subject: `Subject ${id}`,
    from: { name: 'Ada', email: 'ada@example.org' },
    to: [],
    cc: [],
    snippet: '',
    receivedAt: 1_000,
    unread: false,
    starred: false,
    draft: false,
    labelIds: ['inbox'],
    attachmentCount: 0,
    sizeBytes: 100,
    messageIdHeader: null,
    ...over,
  }
}

/** The thread that consists of these messages, as the server would derive it. */
export function threadOf(messages: readonly Message[]): Thread {
  const sorted = [...messages].sort((a, b) => b.receivedAt - a.receivedAt)
  const [newest] = sorted
  if (!newest) throw new Error('A thread has at least one message.')
  return {
    id: newest.threadId,
    accountId: newest.accountId,
    subject: newest.subject,
    snippet: newest.snippet,
    participants: [newest.from],
    lastMessageId: newest.id,
    lastMessageAt: newest.receivedAt,
    messageCount: messages.length,
    unreadCount: messages.filter(each => each.unread).length,
    starred: messages.some(each => each.starred),
    labelIds: [...new Set(messages.flatMap(each => each.labelIds))],
    attachmentCount: 0,
  }
}
