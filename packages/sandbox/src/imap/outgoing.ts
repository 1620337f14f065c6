import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { ImapLimits } from './imap.ts'
import { type Token, write } from './wire/tokens.ts'

const CRLF = Buffer.from('\r\n')

/** What goes to one client. A client that leaves too much unread, or too long, is cut off. */
export class Outgoing {
  readonly #socket: Socket
  readonly #limits: Pick<ImapLimits, 'waitingBytes' | 'waitingMs'>

  constructor(socket: Socket, limits: Pick<ImapLimits, 'waitingBytes' | 'waitingMs'>) {
    this.#socket = socket
    this.#limits = limits
  }

  line(tokens: readonly Token[]): void {
    if (!this.#socket.writable) return
    this.#socket.write(Buffer.concat([write(tokens), CRLF]))
  }

  /** Waits while much is unread. Rejects when the client is gone or was cut off. */
  async drained(): Promise<void> {
    const socket = this.#socket
    if (socket.destroyed) throw new Error('the client is gone')
    if (socket.writableLength <= this.#limits.waitingBytes) return
    try {
      await once(socket, 'drain', { signal: AbortSignal.timeout(this.#limits.waitingMs) })
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  /** For what is said unasked: nobody waits then. */
  cutIfFull(): void {
    if (this.#socket.writableLength > this.#limits.waitingBytes) this.#socket.destroy()
  }

  /** Sends the rest and closes. */
  async end(): Promise<void> {
    const socket = this.#socket
    if (socket.destroyed) return
    const timer = setTimeout(() => socket.destroy(), this.#limits.waitingMs)
    await new Promise<void>(resolve => {
      socket.once('close', () => resolve())
      socket.end(() => resolve())
    })
    clearTimeout(timer)
    socket.destroy()
  }
}
