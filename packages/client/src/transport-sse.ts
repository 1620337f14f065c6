import type { Seq } from '@inlet/protocol/seq'
import {
  SILENCE_LIMIT_MS,
  type StreamEvent,
  type StreamEventName,
  streamEvents,
} from '@inlet/protocol/stream-events'
import { ApiFailure } from './api-failure.ts'
import { type Http, parseJson } from './http.ts'
import { type FailureMeaning, meaningOf } from './loss.ts'
import { createSseParser, type SseEvent, SseTooLarge } from './sse-parser.ts'
import type { World } from './world.ts'

/** How a stream ended. `resync`, `reconnect`, `superseded` and `signed_out` were said by the server. */
export type StreamEnd = FailureMeaning | { kind: 'reconnect'; afterMs: number } | { kind: 'superseded' }

export interface StreamOptions {
  http: Http
  world: Pick<World, 'setTimer'>
  /** The mirror's cursor: the stream begins after it. */
  after: Seq
  signal: AbortSignal
  /** Bytes came, comments included: the connection lives. */
  onHeard(): void
  /** Awaited before more is read: a slow writer holds the server back instead of filling memory. */
  onEvent(event: StreamEvent): Promise<StreamEnd | null>
  silenceLimitMs?: number
}

/** Reads GET /api/sse/email-updates until it ends. Never rejects. */
export async function readStream(options: StreamOptions): Promise<StreamEnd> {
  const { http, world, after, signal, silenceLimitMs = SILENCE_LIMIT_MS } = options
  const silence = new AbortController()
  let cancelTimer = () => {}
  const listen = () => {
    cancelTimer()
    cancelTimer = world.setTimer(() => silence.abort(), silenceLimitMs)
  }
  try {
    const response = await http.open({
      path: `/api/sse/email-updates?after=${after}`,
      signal: AbortSignal.any([signal, silence.signal]),
      headers: { accept: 'text/event-stream' },
    })
    const type = response.headers.get('content-type') ?? ''
    if (!type.startsWith('text/event-stream') || !response.body) {
      await response.body?.cancel()
      throw new ApiFailure('malformed', `The stream answered ${type || 'no content type'}.`, response.status)
    }
    listen()
    return await consume(response.body, options, listen, silence.signal)
  } catch (error) {
    if (signal.aborted) return { kind: 'aborted' }
    if (silence.signal.aborted) return { kind: 'lost', reason: 'silent', retryAfterMs: null }
    if (error instanceof SseTooLarge) return { kind: 'lost', reason: 'malformed', retryAfterMs: null }
    if (error instanceof ApiFailure) return meaningOf(error)
    return { kind: 'lost', reason: 'network', retryAfterMs: null }
  } finally {
    cancelTimer()
  }
}

async function consume(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { signal, onEvent, onHeard }: StreamOptions,
  listen: () => void,
  silent: AbortSignal,
): Promise<StreamEnd> {
  let events: SseEvent[] = []
  const parser = createSseParser(event => events.push(event))
  const decoder = new TextDecoder()
  const reader = body.getReader()
  // fetch's own signal ends the body too, but an injected fetch need not honour it after the headers.
  const cancel = () => void reader.cancel().catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  silent.addEventListener('abort', cancel, { once: true })
  try {
    while (true) {
      const { done, value } = await reader.read()
      if (signal.aborted) return { kind: 'aborted' }
      if (silent.aborted) return { kind: 'lost', reason: 'silent', retryAfterMs: null }
      if (done) return { kind: 'lost', reason: 'ended', retryAfterMs: null }
      onHeard()
      parser.push(decoder.decode(value, { stream: true }))
      const batch = events
      events = []
      for (const raw of batch) {
        const end = await take(raw, onEvent)
        if (signal.aborted) return { kind: 'aborted' }
        if (end) return end
      }
      listen()
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    silent.removeEventListener('abort', cancel)
    cancel()
  }
}

async function take(raw: SseEvent, onEvent: StreamOptions['onEvent']): Promise<StreamEnd | null> {
  // An event of a later protocol is not ours to judge.
  if (!isKnown(raw.event)) return null
  const parsed = streamEvents[raw.event].safeParse(parseJson(raw.data))
  if (!parsed.success) return { kind: 'lost', reason: 'malformed', retryAfterMs: null }
  // `event` and `data` come from the same entry of streamEvents, which the union cannot express.
  const event = { event: raw.event, data: parsed.data } as StreamEvent
  switch (event.event) {
    case 'resync':
      return { kind: 'too_old' }
    case 'reconnect':
      return { kind: 'reconnect', afterMs: event.data.afterMs }
    case 'superseded':
    case 'signed_out':
      return { kind: event.event }
    default:
      return onEvent(event)
  }
}

function isKnown(name: string): name is StreamEventName {
  return Object.hasOwn(streamEvents, name)
}
