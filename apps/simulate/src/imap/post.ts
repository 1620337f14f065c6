import type { PulledMessage } from '@inlet/sync/provider-port'
import { type Letter, letterOf, type Written } from './letter.ts'

/** Writes a mailbox' letters, and those with the same content again. */
export class Post {
  readonly #email: string
  readonly #objectIds: boolean
  readonly #threads = new Map<string, { root: string; server: string }>()
  readonly #written = new Map<string, Written>()
  #again = 0

  constructor(email: string, objectIds: boolean) {
    this.#email = email
    this.#objectIds = objectIds
  }

  /** `threadId`: of a message in whose conversation it is. */
  write(
    {
      id,
      subject,
      from,
      body,
      receivedAt,
    }: Pick<PulledMessage, 'id' | 'subject' | 'from' | 'body' | 'receivedAt'>,
    threadId = '',
  ): Letter {
    const known = this.#threads.get(threadId)
    const header = `<${id}@${this.#email}>`
    const thread = known ?? { root: header, server: `thread${id}` }
    const letter = this.#keep({
      header,
      from: from.email,
      to: this.#email,
      subject,
      text: body?.text ?? '',
      root: known ? known.root : null,
      at: receivedAt,
      ...(this.#objectIds && { emailId: id, threadId: thread.server }),
    })
    this.#threads.set(letter.message.threadId, thread)
    return letter
  }

  /** The same content once more; where the server gives messages ids of its own, that is another message. */
  again(id: string): Letter | null {
    const written = this.#written.get(id)
    if (!written) return null
    return this.#keep(this.#objectIds ? { ...written, emailId: `again${++this.#again}` } : written)
  }

  #keep(written: Written): Letter {
    const letter = letterOf(written)
    this.#written.set(letter.id, written)
    return letter
  }
}
