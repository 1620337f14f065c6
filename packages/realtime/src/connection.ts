import { PROTOCOL_VERSION } from '@inlet/protocol/version'
import type { CloseReason } from './close-reason.ts'
import type { HubCounters } from './hub-metrics.ts'
import type { Sink } from './sink.ts'
import { encodeEvent } from './sse-encode.ts'

/**
 * - catching-up: reading pages of its own, from its own cursor.
 * - behind: its sink is full, so it is skipped; it catches up once drained.
 * - level: gets what its user's shared reads bring.
 */
export type Phase = 'catching-up' | 'behind' | 'level' | 'closed'

export interface ConnectionStart {
  userId: string
  sessionId: string
  /** The reader's cursor; null: it has no mirror yet and follows from the head. */
  cursor: number | null
  sink: Sink
  now: number
  lifetimeMs: number
}

/** One open stream: where its reader stands in the feed, and how its sink copes. Holds no page: I13. */
export class Connection {
  readonly userId: string
  readonly sessionId: string
  readonly sink: Sink
  /** The clock at which its planned end comes. */
  readonly endsAt: number
  readonly lifetimeMs: number
  /** Aborted when the hub closes it; ends its reads and waits. */
  readonly closing = new AbortController()
  cursor: number | null
  phase: Phase = 'catching-up'
  closeReason: CloseReason | null = null
  greeted = false
  lastWriteAt: number
  fullSince: number | null = null
  /** When its session was last known to be live, and when to ask again. */
  sessionSeenAt: number
  sessionDueAt: number

  constructor(start: ConnectionStart) {
    this.userId = start.userId
    this.sessionId = start.sessionId
    this.sink = start.sink
    this.cursor = start.cursor
    this.lifetimeMs = start.lifetimeMs
    this.endsAt = start.now + start.lifetimeMs
    this.lastWriteAt = start.now
    this.sessionSeenAt = start.now
    this.sessionDueAt = start.now
  }

  /** A plain comparison would let the compiler assume that nothing changes it across an await. */
  is(phase: Phase): boolean {
    return this.phase === phase
  }

  /** Writes a frame; false when the sink wants no more for now. */
  send(bytes: Uint8Array, now: number, counters: HubCounters): boolean {
    if (this.phase === 'closed') return true
    counters.bytes += bytes.byteLength
    counters.frames++
    this.lastWriteAt = now
    let room = true
    try {
      room = this.sink.write(bytes)
    } catch {
      // A sink that fails has lost bytes: only a new stream, from the reader's own cursor, is whole again.
      this.sink.destroy()
    }
    if (!room) {
      this.fullSince ??= now
      // Whatever has filled it, a heartbeat too: nothing more is written before it has drained (I13).
      if (this.phase === 'level') this.phase = 'behind'
    }
    return room
  }

  /** `hello`, once, before anything else. */
  greet(head: number, now: number, counters: HubCounters): void {
    if (this.greeted) return
    this.greeted = true
    const data = { head, protocol: PROTOCOL_VERSION, lifetimeMs: Math.round(this.lifetimeMs) }
    this.send(encodeEvent({ event: 'hello', data }), now, counters)
  }
}
