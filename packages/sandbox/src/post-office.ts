import type { Clock } from './clock.ts'

export interface Delivered {
  id: string
  threadId: string
  historyId: string
}

/** A mailbox of any provider as a place where mail arrives. `labels` are the sandbox's own words. */
export interface Addressee {
  readonly email: string
  readonly name: string
  /** The number of its last change; seeds of generated mail come from it. */
  readonly changes: number
  /** Files the bytes as they are. */
  receive(raw: Buffer, labels: readonly string[], date: number): Delivered
}

export const ARRIVED = ['inbox', 'unread', 'category_personal'] as const

/** Knows whose mailbox an address is, across providers: mail sent in one arrives in the other. */
export class PostOffice {
  #clock: Clock
  #finders: ((address: string) => Addressee | undefined)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  register(find: (address: string) => Addressee | undefined): void {
    this.#finders.push(find)
  }

  find(address: string): Addressee | undefined {
    for (const find of this.#finders) {
      const found = find(address)
      if (found) return found
    }
    return undefined
  }

  /** Puts a copy into the inbox of every recipient who has an account here, the sender included. */
  send(raw: Buffer, recipients: readonly string[]): void {
    const now = this.#clock.now()
    const date = new Date(now).toUTCString().replace('GMT', '+0000')
    for (const address of recipients) {
      const trace = `Delivered-To: ${address}\r\nReceived: from sandbox.inlet.test by mx.sandbox.inlet.test; ${date}\r\n`
      this.find(address)?.receive(Buffer.concat([Buffer.from(trace), raw]), ARRIVED, now)
    }
  }
}
