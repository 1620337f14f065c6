import type { ChangesPage } from '@inlet/protocol/changes'
import type { Sink } from '../src/sink.ts'

export interface SseEvent {
  event: string
  id: string | null
  data: unknown
}

/** The frames of an event stream, as a browser would read them; comments come as event "comment". */
export function parseSse(text: string): SseEvent[] {
  return text
    .split('\n\n')
    .filter(block => block !== '')
    .map(block => {
      const fields = new Map<string, string>()
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':')
        fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart())
      }
      const data = fields.get('data')
      const event = fields.get('event') ?? (fields.has('retry') ? 'retry' : 'comment')
      return { event, id: fields.get('id') ?? null, data: data === undefined ? null : JSON.parse(data) }
    })
}

/** A sink with a reader behind it that reads only while the test lets it, and keeps a mirror. */
export class FakeReader {
  readonly events: SseEvent[] = []
  /** Row → seq, built from nothing but the pages. */
  readonly mirror = new Map<string, number>()
  /** What is wrong with the order of what came: empty when each page joined on to the one before. */
  readonly faults: string[] = []
  readonly #gone = new AbortController()
  readonly capacity: number
  #drained: () => void = () => {}
  #waiting: Uint8Array[] = []
  #full = false
  cursor: number | null
  reading = true
  mostWaiting = 0
  /** Writes that came after the end, which a sink takes and drops. */
  tooLate = 0
  ended: 'closed' | 'destroyed' | null = null

  /** `after`: the cursor it opens with. `capacity`: bytes that may wait before it is full. */
  constructor(after: number | null, capacity = 64 * 1024) {
    this.cursor = after
    this.capacity = capacity
  }

  readonly sink: Sink = {
    write: bytes => {
      if (this.ended !== null) {
        this.tooLate += 1
        return true
      }
      if (this.reading) this.#take(bytes)
      else this.#waiting.push(bytes)
      const waiting = this.#waiting.reduce((sum, each) => sum + each.byteLength, 0)
      this.mostWaiting = Math.max(this.mostWaiting, waiting)
      if (waiting <= this.capacity) return true
      this.#full = true
      return false
    },
    onDrain: listener => {
      this.#drained = listener
    },
    close: () => this.#end('closed'),
    destroy: () => this.#end('destroyed'),
    signal: this.#gone.signal,
  }

  /** Reads no more. */
  stall(): void {
    this.reading = false
  }

  read(): void {
    this.reading = true
    for (const bytes of this.#waiting.splice(0)) this.#take(bytes)
    if (!this.#full) return
    this.#full = false
    this.#drained()
  }

  leave(): void {
    this.ended ??= 'closed'
    this.#gone.abort()
  }

  named(event: string): SseEvent[] {
    return this.events.filter(each => each.event === event)
  }

  pages(): ChangesPage[] {
    return this.named('changes').map(each => each.data as ChangesPage)
  }

  #end(how: 'closed' | 'destroyed'): void {
    if (this.ended !== null) return
    this.ended = how
    if (how === 'closed') for (const bytes of this.#waiting.splice(0)) this.#take(bytes)
    this.#gone.abort()
  }

  #take(bytes: Uint8Array): void {
    for (const event of parseSse(new TextDecoder().decode(bytes))) {
      const greeted = this.named('hello').length > 0
      if (!greeted && event.event === 'changes') this.faults.push('changes before hello')
      this.events.push(event)
      if (event.event === 'hello' && this.cursor === null) this.cursor = (event.data as { head: number }).head
      // The test's reader starts again from nothing; the stream goes on from the head it had then.
      if (event.event === 'resync') this.cursor = null
      if (event.event === 'changes') this.#apply(event.data as ChangesPage, event.id)
    }
  }

  #apply(page: ChangesPage, id: string | null): void {
    if (id !== String(page.next)) this.faults.push(`id ${id} on a page that ends at ${page.next}`)
    if (this.cursor !== null && page.after !== this.cursor)
      this.faults.push(`a page after ${page.after} reached a reader at ${this.cursor}`)
    let last = page.after
    for (const change of page.changes) {
      if (change.seq <= last || change.seq > page.next) this.faults.push(`seq ${change.seq} after ${last}`)
      last = change.seq
      if (change.op === 'upsert') this.mirror.set(change.id, change.seq)
      else this.mirror.delete(change.id)
    }
    if (page.next <= page.after) this.faults.push(`a page from ${page.after} to ${page.next}`)
    this.cursor = page.next
  }
}
