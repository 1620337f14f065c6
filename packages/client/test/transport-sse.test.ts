import type { ServerResponse } from 'node:http'
import type { StreamEvent } from '@inlet/protocol/stream-events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttp } from '../src/http.ts'
import { readStream, type StreamEnd } from '../src/transport-sse.ts'
import { failure, type MailServer, startMailServer } from './support/mail-server.ts'
import { message } from './support/rows.ts'
import { until } from './support/until.ts'
import { type TestWorld, testWorld } from './support/worlds.ts'

let server: MailServer
let world: TestWorld
let aborter: AbortController
let events: StreamEvent[]
let heard: number

beforeEach(async () => {
  server = await startMailServer()
  world = testWorld()
  aborter = new AbortController()
  events = []
  heard = 0
})
afterEach(async () => {
  aborter.abort()
  await server.close()
})

function read(after = 0): Promise<StreamEnd> {
  return readStream({
    http: createHttp({ baseUrl: server.url, fetch, world }),
    world,
    after,
    signal: aborter.signal,
    onHeard: () => heard++,
    onEvent: async event => {
      events.push(event)
      return null
    },
  })
}

const sse = (write: (response: ServerResponse) => void) =>
  server.intercept('stream', (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    write(response)
  })
const hello = 'event: hello\ndata: {"head":0,"protocol":1,"lifetimeMs":1000}\n\n'

describe('the stream', () => {
  it('begins after the cursor it is given, and brings what comes later', async () => {
    server.deliver(message('m1'))
    server.deliver(message('m2'))
    const end = read(2)
    await until('the page is there', () => events.length === 2)
    server.deliver(message('m3'))
    await until('the next page is there', () => events.length === 3)
    expect(server.requests('stream')[0]?.searchParams.get('after')).toBe('2')
    expect(events.map(each => each.event)).toEqual(['hello', 'changes', 'changes'])
    const pages = events.flatMap(each => (each.event === 'changes' ? [each.data] : []))
    expect(pages.map(page => [page.after, page.next])).toEqual([
      [2, 4],
      [4, 6],
    ])
    aborter.abort()
    expect(await end).toEqual({ kind: 'aborted' })
  })

  it('discards an event that the cut leaves unfinished', async () => {
    sse(response => {
      response.write(`${hello}event: changes\ndata: {"after":0,`)
      setImmediate(() => response.end())
    })
    expect(await read()).toEqual({ kind: 'lost', reason: 'ended', retryAfterMs: null })
    expect(events.map(each => each.event)).toEqual(['hello'])
  })

  it('says so when the socket breaks', async () => {
    const end = read()
    await until('it is open', () => events.length === 1)
    server.cutStreams()
    expect(await end).toEqual({ kind: 'lost', reason: 'network', retryAfterMs: null })
  })

  it.each([
    ['reconnect', '{"afterMs":1500}', { kind: 'reconnect', afterMs: 1500 }],
    ['superseded', '{}', { kind: 'superseded' }],
    ['signed_out', '{}', { kind: 'signed_out' }],
    ['resync', '{"floor":9}', { kind: 'too_old' }],
  ])('ends when the server says %s', async (name, data, expected) => {
    sse(response => response.write(`${hello}event: ${name}\ndata: ${data}\n\n`))
    expect(await read()).toEqual(expected)
  })

  it('passes over events that it does not know', async () => {
    sse(response => response.end(`event: from_the_future\ndata: [\n\n${hello}`))
    await read()
    expect(events.map(each => each.event)).toEqual(['hello'])
  })

  it.each([
    ['not JSON', '{"head":'],
    ['another shape', '{"head":"many"}'],
  ])('ends at an event that is %s instead of guessing', async (_, data) => {
    sse(response => response.write(`event: hello\ndata: ${data}\n\n`))
    expect(await read()).toEqual({ kind: 'lost', reason: 'malformed', retryAfterMs: null })
    expect(events).toEqual([])
  })

  it.each([
    [401, 'unauthorized', { kind: 'signed_out' }],
    [410, 'cursor_too_old', { kind: 'too_old' }],
    [400, 'invalid_cursor', { kind: 'too_old' }],
    [403, 'forbidden', { kind: 'lost', reason: 'refused', retryAfterMs: null }],
    [503, 'unavailable', { kind: 'lost', reason: 'server_error', retryAfterMs: null }],
  ])('understands %i %s', async (status, code, expected) => {
    server.intercept('stream', (_, response) => failure(response, status, code))
    expect(await read()).toEqual(expected)
  })

  it('understands 429 with Retry-After, as seconds and as a date', async () => {
    const limited = { kind: 'lost', reason: 'rate_limited', retryAfterMs: 7_000 }
    server.intercept('stream', (_, response) =>
      failure(response, 429, 'rate_limited', { 'retry-after': '7' }),
    )
    expect(await read()).toEqual(limited)
    const date = new Date(world.now() + 7_000).toUTCString()
    server.intercept('stream', (_, response) =>
      failure(response, 429, 'rate_limited', { 'retry-after': date }),
    )
    expect(await read()).toEqual(limited)
  })

  it('understands the status of a proxy that answers in HTML', async () => {
    server.intercept(
      'stream',
      (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad'),
    )
    expect(await read()).toEqual({ kind: 'lost', reason: 'server_error', retryAfterMs: null })
  })

  it('refuses a page that is no stream', async () => {
    server.intercept(
      'stream',
      (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in'),
    )
    expect(await read()).toEqual({ kind: 'lost', reason: 'malformed', retryAfterMs: null })
  })

  it('gives up on a server that is silent for 45 s, and not on one that sends only comments', async () => {
    let open: ServerResponse | undefined
    sse(response => {
      response.write(hello)
      open = response
    })
    const end = read()
    await until('it is open', () => events.length === 1)
    world.advance(44_000)
    const before = heard
    open?.write(': hb\n\n')
    await until('the comment is heard', () => heard > before)
    world.advance(44_000)
    expect(events).toHaveLength(1)
    world.advance(1_000)
    expect(await end).toEqual({ kind: 'lost', reason: 'silent', retryAfterMs: null })
  })

  it('gives up on a server that takes the connection and sends no headers', async () => {
    server.intercept('stream', () => {})
    const end = read()
    await until('it is asked', () => server.requests('stream').length === 1)
    world.advance(15_000)
    expect(await end).toEqual({ kind: 'lost', reason: 'timeout', retryAfterMs: null })
  })
})
