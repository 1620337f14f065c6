import type { Sink } from './sink.ts'

const DEFAULT_HIGH_WATER_BYTES = 64 * 1024

export interface WebSinkOptions {
  /** The request's signal: its abort ends the stream, as the stream's own `cancel` does. */
  signal?: AbortSignal
  /** Bytes that may wait unread before `write` answers false. */
  highWaterBytes?: number
}

/** A sink and the body of the Response that it feeds, for route handlers: `new Response(stream, { headers: sseHeaders })`. */
export function webSink(options: WebSinkOptions = {}): { sink: Sink; stream: ReadableStream<Uint8Array> } {
  const ended = new AbortController()
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null
  let drained: () => void = () => {}
  let full = false

  const end = (finish: (open: ReadableStreamDefaultController<Uint8Array>) => void) => {
    const open = controller
    if (open === null) return
    controller = null
    options.signal?.removeEventListener('abort', onRequestAbort)
    try {
      finish(open)
    } catch {
      // The reader cancelled or errored the stream in the same moment; it has ended either way.
    }
    ended.abort()
  }
  const onRequestAbort = () => end(open => open.close())

  const stream = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened
      },
      // Called when the reader took something and the queue is below its mark again.
      pull(open) {
        if (!full || (open.desiredSize ?? 0) <= 0) return
        full = false
        drained()
      },
      cancel() {
        end(() => {})
      },
    },
    { highWaterMark: options.highWaterBytes ?? DEFAULT_HIGH_WATER_BYTES, size: chunk => chunk.byteLength },
  )
  if (options.signal?.aborted) onRequestAbort()
  else options.signal?.addEventListener('abort', onRequestAbort, { once: true })

  const sink: Sink = {
    write(bytes) {
      if (controller === null) return true
      try {
        controller.enqueue(bytes)
      } catch {
        end(() => {})
        return true
      }
      if ((controller.desiredSize ?? 0) > 0) return true
      full = true
      return false
    },
    onDrain(listener) {
      drained = listener
    },
    close: () => end(open => open.close()),
    // `close` would leave the server waiting for a reader that reads no more; an error tears the response down.
    destroy: () =>
      end(open => open.error(new Error('The stream was ended because its reader had stopped reading.'))),
    signal: ended.signal,
  }
  return { sink, stream }
}
