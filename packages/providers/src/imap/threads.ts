import { createHash } from 'node:crypto'
import type { ReadMessage } from './fetch.ts'

/**
 * Threads for servers that have none of their own (decision 010): a message is in the thread of the oldest one that it
 * names (RFC 5322 §3.6.4 References, else In-Reply-To), or begins one. The same for all that name it, in whatever order
 * they come.
 */
export function threadOf(
  message: Pick<ReadMessage, 'id' | 'messageIdHeader' | 'inReplyTo' | 'references' | 'from' | 'to' | 'cc'>,
): string {
  const own = message.messageIdHeader ?? `no Message-ID: ${message.id}`
  // Some programs put an address in brackets into In-Reply-To, and would join all mail to it.
  const people = new Set(
    [message.from, ...message.to, ...message.cc].map(({ email }) => `<${email.toLowerCase()}>`),
  )
  const named = [...message.references, ...(message.inReplyTo === null ? [] : [message.inReplyTo])]
  const oldest = named.find(id => id.length > 2 && id !== own && !people.has(id.toLowerCase())) ?? own
  return `T${createHash('sha256').update(oldest).digest('base64url').slice(0, 22)}`
}
