import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { DirectRoutes, NodeHandler } from '../src/server/direct.ts'

/**
 * A caller that sends its request too slowly is let go (Node looks every CHECK_MS). A request that has arrived may be
 * answered for as long as it takes: streams have no limit here.
 */
const HEADERS_MS = 15_000
const REQUEST_MS = 60_000
const CHECK_MS = 5_000

/** Routes that are named exactly are answered by their handler, everything else by `rest`. */
export function frontServer(
  routes: DirectRoutes,
  rest: NodeHandler,
  limits: { headersMs?: number; requestMs?: number; checkMs?: number } = {},
): Server {
  const options = {
    headersTimeout: limits.headersMs ?? HEADERS_MS,
    requestTimeout: limits.requestMs ?? REQUEST_MS,
    connectionsCheckingInterval: limits.checkMs ?? CHECK_MS,
  }
  return createServer(options, (request, response) => {
    const handler = routes.get(`${request.method} ${pathOf(request)}`) ?? rest
    handler(request, response).catch((error: unknown) => fail(error, request, response))
  })
}

function pathOf({ url = '/' }: IncomingMessage): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function fail(error: unknown, { url }: IncomingMessage, response: ServerResponse): void {
  console.error(`Answering ${url} failed.`, error)
  if (response.headersSent) response.destroy()
  else response.writeHead(500).end('Internal Server Error')
}

/** Takes no more connections and lets each one go as it falls idle. Resolves when the last has gone. */
export async function closeServer(server: Server): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  await new Promise<void>(resolve => server.close(() => resolve()))
  clearInterval(idle)
}
