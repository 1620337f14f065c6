import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Incoming } from './incoming.ts'

/**
 * Node's request as a handler sees it. Says what Next would: headers as Node has parsed them, and the socket's address
 * as X-Forwarded-For unless the caller or a proxy has written one.
 */
export function nodeRequest(request: IncomingMessage, response: ServerResponse): Incoming {
  let gone: AbortSignal | null = null
  return {
    method: request.method ?? 'GET',
    url: `http://localhost${request.url}`,
    headers: headersOf(request),
    // An iterator that is left early must not take the connection with it: the answer still has to pass.
    body: { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) },
    get signal() {
      gone ??= whenGone(response)
      return gone
    },
  }
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (Array.isArray(value)) for (const each of value) headers.append(name, each)
    else if (value !== undefined) headers.set(name, value)
  }
  const { remoteAddress } = request.socket
  if (remoteAddress && !headers.has('x-forwarded-for')) headers.set('x-forwarded-for', remoteAddress)
  return headers
}

function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  const look = () => {
    if (!response.writableFinished) gone.abort(new Error('The caller has gone.'))
  }
  if (response.destroyed) look()
  else response.once('close', look)
  return gone.signal
}
