import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A reverse proxy between browser and server that can take the stream away, as a network box does: open streams break
 * off in the middle and new ones are refused, while everything else passes.
 */
export async function streamGate(target: string) {
  const { hostname, port } = new URL(target)
  const streams = new Set<ServerResponse>()
  let open = true
  let opened = 0

  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const isStream = incoming.url?.startsWith('/api/sse/') ?? false
    if (isStream && !open) {
      outgoing.writeHead(503, { 'content-type': 'text/plain' }).end('no streams today')
      return
    }
    const { method, url } = incoming
    // A proxy in front of Inlet passes its public origin on; this one's is the server's own.
    const headers = { ...incoming.headers, ...(incoming.headers.origin ? { origin: target } : {}) }
    const upstream = request({ hostname, port, method, path: url, headers }, answer => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      outgoing.flushHeaders()
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
    })
    upstream.on('error', () => outgoing.destroy())
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
    if (isStream) {
      opened += 1
      streams.add(outgoing)
      outgoing.on('close', () => streams.delete(outgoing))
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    /** Streams open right now, and all that were ever opened. */
    live: () => streams.size,
    opened: () => opened,
    cut() {
      open = false
      for (const stream of streams) stream.destroy()
    },
    restore() {
      open = true
    },
    close() {
      server.closeAllConnections()
      return new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
