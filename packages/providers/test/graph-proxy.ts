import { createServer, request as forward, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export type Seen = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
export type Scripted = { status?: number; headers?: Record<string, string>; body?: unknown }

/** Stands before the sandbox for one test, writes down what passes, and answers itself where the script says so. */
export async function proxyFor(
  target: string,
  script: (seen: Seen) => Scripted | undefined = () => undefined,
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const body = Buffer.concat(chunks)
      const { method = 'GET', url: path = '/', headers } = incoming
      const one = { method, path, headers, body: body.toString() }
      seen.push(one)
      const scripted = script(one)
      if (scripted) {
        response.writeHead(scripted.status ?? 200, {
          'content-type': 'application/json',
          ...scripted.headers,
        })
        response.end(scripted.body === undefined ? '' : JSON.stringify(scripted.body))
        return
      }
      // The Host stays this one, so that the links in the answers lead here.
      const passed = forward(new URL(path, target), { method, headers }, answer => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      passed.on('error', () => response.destroy())
      passed.end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen }
}
