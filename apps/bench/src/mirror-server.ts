import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createFeedReader } from '@inlet/db/feed'
import type { Pool } from '@inlet/db/pool'
import { PROTOCOL_VERSION } from '@inlet/protocol/version'
import { encodeEvent, encodeOpening, sseHeaders } from '@inlet/realtime/sse-encode'
import { build } from 'vite'
import type { Context } from './bench.ts'

/** Builds the page's script as a production bundle. */
export async function bundlePage(context: Context): Promise<string> {
  const outDir = await context.folder('page')
  await build({
    configFile: false,
    logLevel: 'warn',
    root: join(import.meta.dirname, 'web'),
    build: {
      outDir,
      emptyOutDir: false,
      minify: true,
      target: 'esnext',
      lib: { entry: join(import.meta.dirname, 'web', 'page.ts'), formats: ['es'], fileName: () => 'page.js' },
    },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return join(outDir, 'page.js')
}

/** Serves the page and, for one user, what the mirror asks of the API: fill pages from Postgres, an open stream. */
export async function serveMirror(
  context: Context,
  options: { pool: Pool; userId: string; script: string },
): Promise<string> {
  const feed = createFeedReader(options.pool)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://bench')
    const json = (body: unknown) =>
      void response
        .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(body))
    const number = (name: string, fallback: number) => Number(url.searchParams.get(name) ?? fallback)
    if (url.pathname === '/')
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(
          '<!doctype html><meta charset="utf-8"><title>mirror</title><script type="module" src="/page.js"></script>',
        )
    else if (url.pathname === '/page.js')
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(options.script)
    else if (url.pathname === '/api/changes') {
      const before = url.searchParams.get('before')
      const limit = number('limit', 500)
      json(
        before === null
          ? await feed.follow(options.userId, number('after', 0), limit)
          : await feed.fill(options.userId, before, limit),
      )
    } else if (url.pathname === '/api/sse/email-updates') {
      const head = (await feed.heads([options.userId])).get(options.userId) ?? 0
      response.writeHead(200, sseHeaders).write(encodeOpening(2_000))
      response.write(
        encodeEvent({ event: 'hello', data: { head, protocol: PROTOCOL_VERSION, lifetimeMs: 3_600_000 } }),
      )
    } else response.writeHead(204).end()
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  context.onEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
