import { createServer, type Server } from 'node:http'
import type { Sink } from '@inlet/realtime/sink'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ApiError } from '../src/server/api-error.ts'
import { direct } from '../src/server/direct.ts'
import type { Handler } from '../src/server/handle.ts'
import { readBody } from '../src/server/read-body.ts'
import { securityHeaders } from '../src/server/security-headers.ts'
import { call, dial, listening } from './http-call.ts'

const logged: object[] = []
const runtime = { log: { error: (fields: object) => logged.push(fields) } }
const place = globalThis as typeof globalThis & { inletServer?: unknown }
let server: Server | null = null

beforeEach(() => {
  logged.length = 0
  place.inletServer = Promise.resolve({ runtime })
})
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve()))
  server = null
  delete place.inletServer
})

async function serve(handler: Handler): Promise<number> {
  const answer = direct(handler, runtime as never)
  server = createServer((request, response) => void answer(request, response))
  return await listening(server)
}

const security = Object.fromEntries(
  Object.entries(securityHeaders).map(([name, value]) => [name.toLowerCase(), value]),
)

test('an answer arrives with its status, its headers, the security headers and its body', async () => {
  const port = await serve(() => {
    const headers = new Headers({ 'cache-control': 'no-store', 'x-own': 'a' })
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2')
    return Response.json({ grüße: '✓' }, { status: 201, headers })
  })
  const { status, headers, text } = await call(port)
  expect(status).toBe(201)
  expect(headers).toMatchObject({
    ...security,
    'cache-control': 'no-store',
    'x-own': 'a',
    'content-type': 'application/json',
    'set-cookie': ['a=1; Path=/', 'b=2'],
    'content-length': String(Buffer.byteLength(text)),
  })
  expect(JSON.parse(text)).toEqual({ grüße: '✓' })
})

test('204 has no body and keeps the connection', async () => {
  const port = await serve(() => new Response(null, { status: 204 }))
  const line = await dial(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await line.until(/^HTTP\/1.1 204 No Content.*\r\n\r\n$/s)
  line.socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await line.until(/204 No Content.*204 No Content/s)
})

test('what a handler throws becomes an answer; what nobody expected says nothing and is logged', async () => {
  const refused = await serve(() => {
    throw new ApiError('rate_limited', 'Slower.', { retryAfter: 7 })
  })
  expect(await call(refused)).toMatchObject({
    status: 429,
    headers: { ...security, 'retry-after': '7', 'cache-control': 'no-store' },
    text: JSON.stringify({ error: { code: 'rate_limited', message: 'Slower.', retryAfter: 7 } }),
  })
  server?.close()
  const broken = await serve(async () => {
    throw new Error('the password is hunter2')
  })
  const said = await call(broken, { path: '/api/x?token=t' })
  expect(said.status).toBe(500)
  expect(said.text).not.toContain('hunter2')
  expect(logged).toMatchObject([{ pathname: '/api/x', error: 'Error: the password is hunter2' }])
})

test('a handler sees method, path, query, headers as Node has parsed them, and the caller’s address', async () => {
  const port = await serve(({ request }) => {
    const { pathname, searchParams } = new URL(request.url)
    const headers = Object.fromEntries(request.headers)
    return Response.json({ method: request.method, pathname, a: searchParams.getAll('a'), headers })
  })
  const seen = async (headers: Record<string, string | string[]>) =>
    JSON.parse((await call(port, { method: 'POST', path: '/p/q?a=1&a=%C3%BC', headers })).text)
  expect(
    await seen({ cookie: ['a=1', 'b=2'], accept: ['x', 'y'], authorization: ['one', 'two'] }),
  ).toMatchObject({
    method: 'POST',
    pathname: '/p/q',
    a: ['1', 'ü'],
    headers: { cookie: 'a=1; b=2', accept: 'x, y', authorization: 'one', 'x-forwarded-for': '127.0.0.1' },
  })
  expect((await seen({ 'x-forwarded-for': '203.0.113.7, 10.0.0.1' })).headers['x-forwarded-for']).toBe(
    '203.0.113.7, 10.0.0.1',
  )
})

const LIMIT = 1_000
const length: Handler = async ({ request }) =>
  Response.json({ length: (await readBody(request, LIMIT)).byteLength })

test.each([
  ['whole', 'x'.repeat(LIMIT), 200],
  ['in pieces', ['x'.repeat(400), 'x'.repeat(600)], 200],
  ['whole, one byte too many', 'x'.repeat(LIMIT + 1), 413],
  ['in pieces, one byte too many', ['x'.repeat(400), 'x'.repeat(601)], 413],
  ['none', '', 200],
])('a body is read up to its limit: %s', async (_, body, status) => {
  const said = await call(await serve(length), { method: 'POST' }, body)
  expect(said.status).toBe(status)
  if (status === 200) expect(JSON.parse(said.text).length).toBe([body].flat().join('').length)
  else expect(JSON.parse(said.text).error.code).toBe('too_large')
})

test('after a body that was too large the connection serves the next request', async () => {
  const port = await serve(length)
  const size = LIMIT + 1
  const line = await dial(port, `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${size}\r\n\r\n`)
  await line.until(/413 .*too_large/s)
  line.socket.write(`${'x'.repeat(size)}POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nok`)
  await line.until(/"length":2/)
})

test('a body that goes on beyond its limit is refused before its end, and the connection lives on', async () => {
  const port = await serve(length)
  const line = await dial(port, 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
  const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`
  line.socket.write(chunk)
  await line.until(/413 .*too_large/s)
  line.socket.write(`${chunk}0\r\n\r\nPOST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nok`)
  await line.until(/"length":2/)
})

test('who asks for the signal after the caller has gone finds it aborted', async () => {
  const asked = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const found = Promise.withResolvers<boolean>()
  const port = await serve(async ({ request }) => {
    asked.resolve()
    await gone.promise
    found.resolve(request.signal.aborted)
    return new Response(null)
  })
  server?.on('connection', socket => socket.once('close', () => gone.resolve()))
  const line = await dial(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await asked.promise
  line.socket.destroy()
  expect(await found.promise).toBe(true)
})

test('the signal aborts when the caller goes before its answer, not when it has it', async () => {
  const signals: AbortSignal[] = []
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const port = await serve(async ({ request, signal }) => {
    signals.push(request.signal)
    if (request.url.endsWith('/quick')) return new Response('done')
    started.resolve()
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    ended.resolve()
    throw signal.reason
  })
  const quick = await dial(port, 'GET /quick HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  await quick.gone
  const slow = await dial(port, 'GET /slow HTTP/1.1\r\nhost: x\r\n\r\n')
  await started.promise
  slow.socket.destroy()
  await ended.promise
  expect(signals.map(signal => signal.aborted)).toEqual([false, true])
  expect(logged).toEqual([])
})

test('work for afterwards runs once the answer is out, and its failure is logged', async () => {
  const answered = Promise.withResolvers<void>()
  const worked = Promise.withResolvers<string>()
  const port = await serve(({ afterwards }) => {
    afterwards(async () => {
      await answered.promise
      worked.resolve('worked')
      throw new Error('but not to the end')
    })
    return new Response('first')
  })
  expect((await call(port)).text).toBe('first')
  answered.resolve()
  expect(await worked.promise).toBe('worked')
  await expect.poll(() => logged).toMatchObject([{ error: 'Error: but not to the end' }])
})

test('a stream has the security headers and those of an event stream, and ends when its sink does', async () => {
  const opened = Promise.withResolvers<Sink>()
  const port = await serve(() => ({ stream: sink => opened.resolve(sink) }))
  const line = await dial(port, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const head = (await line.until(/\r\n\r\n/)).toLowerCase()
  for (const [name, value] of Object.entries(security))
    expect(head).toContain(`${name}: ${value.toLowerCase()}`)
  expect(head).toContain('content-type: text/event-stream; charset=utf-8')
  expect(head).toContain('cache-control: no-cache, no-transform')
  const sink = await opened.promise
  sink.write(new TextEncoder().encode(': one\n\n'))
  await line.until(/: one\n\n/)
  sink.close()
  expect(await line.gone).toMatch(/: one\n\n\r\n0\r\n\r\n$/)
  expect(sink.signal.aborted).toBe(true)
})

test('a caller that has gone while its session was checked gets a sink that has ended', async () => {
  const asked = Promise.withResolvers<void>()
  const checked = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<Sink>()
  const port = await serve(async ({ request }) => {
    const gone = new Promise<void>(resolve => request.signal.addEventListener('abort', () => resolve()))
    asked.resolve()
    await gone
    await checked.promise
    return { stream: sink => opened.resolve(sink) }
  })
  const line = await dial(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  await asked.promise
  line.socket.destroy()
  checked.resolve()
  const sink = await opened.promise
  expect(sink.signal.aborted).toBe(true)
  expect(sink.write(new Uint8Array(1))).toBe(true)
})
