import { createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { localBus } from '../src/bus-local.ts'
import { Hub } from '../src/hub.ts'
import type { HubLimits } from '../src/hub-options.ts'
import { nodeSink } from '../src/sink-node.ts'
import { parseSse, type SseEvent } from './fake-reader.ts'
import { MemoryFeed } from './memory-feed.ts'

const LIMIT = { timeout: 15_000, interval: 10 }
const feed = new MemoryFeed()
let stop: () => Promise<void> = async () => {}
const cleanUp: (() => void)[] = []

afterEach(async () => {
  for (const each of cleanUp.splice(0)) each()
  await stop()
})
beforeEach(() => {
  stop = async () => {}
})

/** /<user>/<session>?after=: a stream on a real server. */
async function serve(limits: Partial<HubLimits> = {}) {
  const bus = localBus()
  const dead = new Set<string>()
  const liveSessions = async (ids: string[]) => new Set(ids.filter(id => !dead.has(id)))
  const hub = new Hub({ feed, bus, liveSessions, limits })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [, userId = '', sessionId = ''] = url.pathname.split('/')
    hub.open({
      userId,
      sessionId,
      after: Number(url.searchParams.get('after') ?? 0),
      sink: nodeSink(response),
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  stop = async () => {
    await hub.close()
    await bus.close()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { hub, bus, port, dead }
}

async function stream(port: number, path: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path, agent: false }, resolve).on('error', reject)
    cleanUp.push(() => request.destroy())
  })
  let text = ''
  const state = {
    response,
    ended: false,
    events: (): SseEvent[] => parseSse(text.slice(0, text.lastIndexOf('\n\n') + 2)),
  }
  response.on('data', chunk => {
    text += chunk
  })
  response.on('error', () => {})
  response.on('close', () => {
    state.ended = true
  })
  return state
}
const cursorOf = (events: SseEvent[]) =>
  Number(events.filter(each => each.event === 'changes').at(-1)?.id ?? 0)

test('a stream over a real socket has the headers that keep proxies from holding it back', async () => {
  const { port } = await serve()
  const { response, events } = await stream(port, '/headers/s1')
  expect(response.statusCode).toBe(200)
  expect(response.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  await vi.waitUntil(() => events().length === 2, LIMIT)
  expect(events().map(each => each.event)).toEqual(['retry', 'hello'])
})

test('a ring on the bus reaches 300 streams of 60 users, each with its own changes only', async () => {
  const { port, bus, hub } = await serve()
  const open = Array.from({ length: 300 }, async (_, i) => ({
    user: `many${i % 60}`,
    s: await stream(port, `/many${i % 60}/s`),
  }))
  const streams = await Promise.all(open)
  await vi.waitUntil(() => hub.metrics().connections === 300 && hub.metrics().behind === 0, LIMIT)
  const pulls = hub.metrics().pulls
  for (let i = 0; i < 60; i++)
    await bus.ring({ type: 'feed', userId: `many${i}`, head: feed.write(`many${i}`, `row-of-many${i}`) })
  await vi.waitUntil(() => streams.every(({ s }) => cursorOf(s.events()) === 1), LIMIT)
  expect(hub.metrics().pulls - pulls).toBe(60)
  for (const { user, s } of streams) {
    const ids = s
      .events()
      .flatMap(each => (each.event === 'changes' ? (each.data as { changes: { id: string }[] }).changes : []))
    expect(ids.map(each => each.id)).toEqual([`row-of-${user}`])
  }
})

/** A client that sends its request and then reads nothing: the system's buffers fill, then ours. */
async function deafClient(port: number, path: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  cleanUp.push(() => socket.destroy())
  await new Promise<void>(resolve => socket.once('connect', resolve))
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  return socket
}
const bigRows = (count: number) => Array.from({ length: count }, (_, i) => `row-${i}-${'x'.repeat(2_000)}`)

test('a reader that stops reading is skipped while others go on, and is complete when it reads again', async () => {
  const { port, hub } = await serve()
  const quick = await stream(port, '/slow/s')
  const socket = await deafClient(port, '/slow/s')
  await vi.waitUntil(() => hub.metrics().connections === 2 && hub.metrics().behind === 0, LIMIT)
  // Pages of some 400 KB until the system's own buffers for the socket are full.
  for (let round = 0; hub.metrics().behind === 0; round++) {
    hub.ring('slow', feed.write('slow', ...bigRows(200)))
    await vi.waitUntil(() => cursorOf(quick.events().slice(-1)) === feed.head('slow'), LIMIT)
    expect(round).toBeLessThan(200)
  }
  const bytesWhenFull = hub.metrics().bytes
  for (let i = 0; i < 20; i++) {
    hub.ring('slow', feed.write('slow', `after-${i}`))
    await vi.waitUntil(() => cursorOf(quick.events().slice(-1)) === feed.head('slow'), LIMIT)
  }
  // Twenty small pages for the quick one, nothing for the other.
  expect(hub.metrics().bytes - bytesWhenFull).toBeLessThan(20 * 1_000)

  let text = ''
  socket.setEncoding('latin1')
  socket.on('data', chunk => {
    text = (text + chunk).slice(-4_000)
  })
  socket.resume()
  await vi.waitUntil(() => text.includes(`id: ${feed.head('slow')}\n`), LIMIT)
  await vi.waitUntil(() => hub.metrics().behind === 0, LIMIT)
}, 40_000)

test('a reader that never reads again is torn down', async () => {
  const { port, hub } = await serve({ stuckMs: 1_500 })
  await deafClient(port, '/stuck/s')
  await vi.waitUntil(() => hub.metrics().connections === 1 && hub.metrics().behind === 0, LIMIT)
  for (let round = 0; hub.metrics().behind === 0 && round < 200; round++) {
    hub.ring('stuck', feed.write('stuck', ...bigRows(200)))
    await new Promise(resolve => setImmediate(resolve))
  }
  await vi.waitUntil(() => hub.metrics().closed.stuck === 1, LIMIT)
  expect(hub.metrics().connections).toBe(0)
}, 40_000)

test('signing out, seen by a real client: the event, then the end', async () => {
  const { port, bus, hub } = await serve()
  const [out, stays] = [await stream(port, '/eve/one'), await stream(port, '/eve/two')]
  await vi.waitUntil(() => hub.metrics().connections === 2 && hub.metrics().behind === 0, LIMIT)
  await bus.ring({ type: 'signed_out', userId: 'eve', sessionId: 'one' })
  await vi.waitUntil(() => out.ended, LIMIT)
  expect(out.events().at(-1)?.event).toBe('signed_out')
  expect(stays.ended).toBe(false)
})

test('a client that disconnects is noticed', async () => {
  const { port, hub } = await serve()
  const { response } = await stream(port, '/leaver/s')
  await vi.waitUntil(() => hub.metrics().connections === 1, LIMIT)
  response.destroy()
  await vi.waitUntil(() => hub.metrics().closed.gone === 1, LIMIT)
  expect(hub.metrics().connections).toBe(0)
})
