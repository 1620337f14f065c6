import * as z from 'zod'
import { ChangesPage } from './changes.ts'
import { Seq } from './seq.ts'

/**
 * Events of GET /api/sse/email-updates. Each is one `event:` name with JSON in `data:`.
 * Only `changes` carries an `id:` (its `next`), so Last-Event-ID is always a feed cursor.
 * - hello: first event; the head now, and how long the server will keep this stream.
 * - changes: a page, the same shape as GET /api/changes.
 * - resync: the cursor is older than the feed's floor; start the mirror again (outbox kept).
 * - reconnect: planned end; connect again after `afterMs` (no backoff, nothing is wrong).
 * - superseded: this user has too many streams, the oldest is closed; do not reconnect, poll.
 * - signed_out: the session has ended; stop.
 */
export const Hello = z.object({ head: Seq, protocol: z.int(), lifetimeMs: z.int() })
export const Resync = z.object({ floor: Seq })
export const Reconnect = z.object({ afterMs: z.int() })

export const streamEvents = {
  hello: Hello,
  changes: ChangesPage,
  resync: Resync,
  reconnect: Reconnect,
  superseded: z.object({}),
  signed_out: z.object({}),
} as const
export type StreamEventName = keyof typeof streamEvents
export type StreamEvent = {
  [K in StreamEventName]: { event: K; data: z.infer<(typeof streamEvents)[K]> }
}[StreamEventName]

/** A comment line every 15 s keeps proxies open and shows a dead socket; a client silent for 45 s reconnects. */
export const HEARTBEAT_MS = 15_000
export const SILENCE_LIMIT_MS = 45_000
