import type { ChangesPage } from '@inlet/protocol/changes'
import type { StreamEvent } from '@inlet/protocol/stream-events'

/**
 * no-transform keeps compressing middleware away (it would hold frames back), X-Accel-Buffering the same for nginx.
 * No Connection header: it is illegal in HTTP/2 (RFC 9113 §8.2.2).
 */
export const sseHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
} as const

const encoder = new TextEncoder()

/** JSON has no raw line breaks, so one `data:` line always holds it. */
const frame = (event: string, data: unknown) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Everything but `changes`: these carry no `id:`, so that Last-Event-ID is always a feed cursor. */
export function encodeEvent(event: Exclude<StreamEvent, { event: 'changes' }>): Uint8Array {
  return encoder.encode(frame(event.event, event.data))
}

/** A page with its `next` as the event's id: a reader that reconnects with Last-Event-ID asks on from there. */
export function encodeChanges(page: ChangesPage): Uint8Array {
  return encoder.encode(`id: ${page.next}\n${frame('changes', page)}`)
}

/** First bytes of a stream: they flush the headers and set the browser's pause before reconnecting. */
export function encodeOpening(retryMs: number): Uint8Array {
  return encoder.encode(`retry: ${Math.round(retryMs)}\n: open\n\n`)
}

export const heartbeat: Uint8Array = encoder.encode(': hb\n\n')

/** The part of a page above `after`: what a reader at `after` still lacks of it. `after` lies within the page. */
export function pageAbove(page: ChangesPage, after: number): ChangesPage {
  return { ...page, after, changes: page.changes.filter(change => change.seq > after) }
}
