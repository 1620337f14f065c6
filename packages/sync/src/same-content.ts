import type { Message } from '@inlet/protocol/entities'

type Content = { row: Message; inReplyTo: string | null; threadProviderId: string }

/** Equal in everything a reader can see. Rows are plain data with keys in one order, so their JSON is their value. */
export function sameContent(a: Content, b: Content): boolean {
  return (
    JSON.stringify(ordered(a.row)) === JSON.stringify(ordered(b.row)) &&
    a.inReplyTo === b.inReplyTo &&
    a.threadProviderId === b.threadProviderId
  )
}

function ordered(row: Message): unknown[] {
  const { id, threadId, subject, from, to, cc, snippet, receivedAt, unread, starred, draft } = row
  const people = [from, ...to, ...cc].map(person => [person.name, person.email])
  const { labelIds, attachmentCount, sizeBytes, messageIdHeader } = row
  return [
    id,
    threadId,
    subject,
    to.length,
    people,
    snippet,
    receivedAt,
    unread,
    starred,
    draft,
    [...labelIds].sort(),
    attachmentCount,
    sizeBytes,
    messageIdHeader,
  ]
}
