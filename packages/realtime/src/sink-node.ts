import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Sink } from './sink.ts'
import { sseHeaders } from './sse-encode.ts'

/** A sink over a Node response. Sends status 200 and the headers at once, unless the caller has sent its own. */
export function nodeSink(response: ServerResponse, headers: OutgoingHttpHeaders = sseHeaders): Sink {
  const ended = new AbortController()
  let drained: () => void = () => {}
  let full = false
  const end = () => {
    response.off('drain', onDrain)
    ended.abort()
  }
  const onDrain = () => {
    if (!full) return
    full = false
    drained()
  }
  response.on('drain', onDrain)
  // 'close' follows every end: a finished response, a reader that went away, a reset (whose error it absorbs).
  response.once('close', end)
  response.on('error', () => response.destroy())
  if (response.destroyed) end()
  else if (!response.headersSent) {
    response.writeHead(200, headers)
    response.flushHeaders()
  }

  return {
    write(bytes) {
      if (response.writableEnded || response.destroyed) return true
      if (response.write(bytes)) return true
      full = true
      return false
    },
    onDrain(listener) {
      drained = listener
    },
    close() {
      if (!response.writableEnded) response.end()
    },
    destroy() {
      response.destroy()
    },
    signal: ended.signal,
  }
}
