import type { Server, ServerResponse } from 'node:http'
import { afterEach, expect, test, vi } from 'vitest'
import { closeServer, frontServer } from '../server/front-server.ts'
import type { NodeHandler } from '../src/server/direct.ts'
import { call, dial, listening } from './http-call.ts'

let server: Server | null = null
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise<void>(resolve => (server?.listening ? server.close(() => resolve()) : resolve()))
  server = null
})

const says =
  (text: string): NodeHandler =>
  async (_, response) =>
    void response.writeHead(200, { 'x-by': text }).end(text)

async function serve(handler: NodeHandler, limits = {}, rest = says('rest')): Promise<number> {
  server = frontServer(new Map([['GET /api/hot', handler]]), rest, limits)
  return await listening(server)
}

test('a route is answered where method and path are exactly its own; everything else goes on to Next', async () => {
  const port = await serve(says('hot'))
  const said = async (method: string, path: string) => (await call(port, { method, path })).text
  expect(await said('GET', '/api/hot')).toBe('hot')
  expect(await said('GET', '/api/hot?a=/b?c')).toBe('hot')
  for (const path of ['/', '/api/hot/', '/api/hot/more', '/api//hot', '/api/h%6ft', '/api/HOT', '/api/ho'])
    expect(await said('GET', path)).toBe('rest')
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
    expect(await said(method, '/api/hot')).toBe('rest')
  expect((await call(port, { method: 'HEAD', path: '/api/hot' })).headers['x-by']).toBe('rest')
})

test('a handler that fails is a 500 without its reason, or a broken connection once it has begun to answer', async () => {
  const print = vi.spyOn(console, 'error').mockImplementation(() => {})
  const port = await serve(async (request, response) => {
    if (request.url === '/api/hot?late') response.writeHead(200).write('begun')
    throw new Error('a secret reason')
  })
  expect(await call(port, { path: '/api/hot' })).toMatchObject({ status: 500, text: 'Internal Server Error' })
  await expect(call(port, { path: '/api/hot?late' })).rejects.toThrow()
  expect(print.mock.calls.map(([what]) => what)).toEqual([
    'Answering /api/hot failed.',
    'Answering /api/hot?late failed.',
  ])
  print.mockClear()
})

const open: NodeHandler = async (_, response) => {
  response.writeHead(200).write('open')
}
/** Answers once it has the whole request. */
const patient: NodeHandler = async (request, response) => {
  for await (const _ of request);
  response.end('rest')
}

test('who is too slow with its headers is let go; an older stream and a quick caller are not', async () => {
  const port = await serve(open, { headersMs: 500, checkMs: 50 })
  const stream = await dial(port, 'GET /api/hot HTTP/1.1\r\nhost: x\r\n\r\n')
  await stream.until(/open/)
  const slow = await dial(port, 'GET /api/hot HTTP/1.1\r\nhost: ')
  expect(await slow.gone).toMatch(/^HTTP\/1.1 408 /)
  expect(stream.isOpen()).toBe(true)
  expect((await call(port, { path: '/' })).text).toBe('rest')
})

test('who is too slow with its body is let go, and an older stream is not', async () => {
  const print = vi.spyOn(console, 'error').mockImplementation(() => {})
  const port = await serve(open, { headersMs: 500, requestMs: 500, checkMs: 50 }, patient)
  const stream = await dial(port, 'GET /api/hot HTTP/1.1\r\nhost: x\r\n\r\n')
  await stream.until(/open/)
  const slow = await dial(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx')
  expect(await slow.gone).toMatch(/^HTTP\/1.1 408 /)
  expect(stream.isOpen()).toBe(true)
  await expect.poll(() => print.mock.calls.length).toBe(1)
  print.mockClear()
})

test('closing waits for answers under way, takes no new connections, and keeps no idle one', async () => {
  const held = Promise.withResolvers<ServerResponse>()
  const port = await serve(async (_, response) => held.resolve(response))
  if (server) server.keepAliveTimeout = 600_000
  const waiting = await dial(port, 'GET /api/hot HTTP/1.1\r\nhost: x\r\n\r\n')
  const idle = await dial(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await idle.until(/rest/)
  const response = await held.promise
  let closed = false
  const closing = closeServer(server as Server).then(() => {
    closed = true
  })
  await idle.gone
  await expect(call(port, { path: '/' })).rejects.toThrow('ECONNREFUSED')
  expect([closed, waiting.isOpen()]).toEqual([false, true])
  response.end('at last')
  await waiting.until(/at last/)
  await closing
})
