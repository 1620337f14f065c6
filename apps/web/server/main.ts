import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import next from 'next'
import { type Front, setFront } from '../src/server/front.ts'
import { closeServer, frontServer } from './front-server.ts'

/** Readers that reconnect come all at once. The system's own limit (net.core.somaxconn) counts beside this. */
const BACKLOG = 4_096

/**
 * The web server of Inlet wherever we start the process ourselves, with the options of `next start`. Next's
 * instrumentation builds the one runtime of the process and hands over the routes that are answered here
 * (docs/decisions/006-front-server.md).
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      hostname: { type: 'string', short: 'H' },
      port: { type: 'string', short: 'p', default: '3000' },
      keepAliveTimeout: { type: 'string' },
    },
  })
  const { hostname } = values
  const port = Number(values.port)
  let server: Server | null = null
  const routes: Front['routes'] = Promise.withResolvers()
  const listening = Promise.withResolvers<void>()
  setFront({
    routes,
    listening: listening.promise,
    close: async () => {
      if (server) await closeServer(server)
    },
  })
  const app = next({ dev: false, dir: dirname(import.meta.dirname), port, ...(hostname && { hostname }) })
  const [direct] = await Promise.all([routes.promise, app.prepare()])
  server = frontServer(direct, app.getRequestHandler())
  if (values.keepAliveTimeout) server.keepAliveTimeout = Number(values.keepAliveTimeout)
  server.once('error', fail)
  server.listen({ port, host: hostname, backlog: BACKLOG }, () => {
    console.log(`Inlet listens on ${hostname ?? 'every address'}, port ${port}.`)
    listening.resolve()
  })
}

function fail(error: unknown): void {
  console.error(`Inlet could not start. ${error instanceof Error ? error.message : error}`)
  process.exit(1)
}

main().catch(fail)
