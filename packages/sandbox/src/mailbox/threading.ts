import type { IndexedHeaders } from './header-index.ts'
import type { StoredMessage } from './types.ts'

/** What threading looks at, whatever else a provider keeps of a message. */
type Threaded = Pick<StoredMessage, 'id' | 'threadId' | 'date' | 'index'>

const SAME_SUBJECT_WINDOW_MS = 30 * 24 * 3600_000

/**
 * Finds the thread of a new message as Gmail describes it: a known message in In-Reply-To or
 * References (or a copy of itself) *and* the same subject; a reply whose parent is unknown joins the newest thread of
 * its subject if that is no older than 30 days.
 */
export class Threads {
  #byMessageId = new Map<string, Threaded>()
  #byTopic = new Map<string, { threadId: string; date: number }>()

  add(message: Threaded): void {
    const { messageId, topic } = message.index
    if (messageId !== '' && !this.#byMessageId.has(messageId)) this.#byMessageId.set(messageId, message)
    const known = this.#byTopic.get(topic)
    if (topic !== '' && (!known || known.date <= message.date)) {
      this.#byTopic.set(topic, { threadId: message.threadId, date: message.date })
    }
  }

  remove(message: Threaded): void {
    if (this.#byMessageId.get(message.index.messageId)?.id === message.id) {
      this.#byMessageId.delete(message.index.messageId)
    }
  }

  find(headers: IndexedHeaders, date: number): string | undefined {
    const { topic, isReply } = headers.index
    for (const reference of [headers.index.messageId, ...headers.references]) {
      const parent = this.#byMessageId.get(reference)
      if (parent && parent.index.topic === topic) return parent.threadId
    }
    if (!isReply || topic === '') return undefined
    const known = this.#byTopic.get(topic)
    return known && Math.abs(date - known.date) <= SAME_SUBJECT_WINDOW_MS ? known.threadId : undefined
  }
}
