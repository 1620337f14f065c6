import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BODIES_MAX, BODIES_MAX_BYTES, keepBody } from '../src/bodies.ts'
import { createLiveMirror } from '../src/live-mirror.ts'
import type { LiveMirror } from '../src/live-mirror-types.ts'
import { failure, type MailServer, startMailServer } from './support/mail-server.ts'
import { account, label, message } from './support/rows.ts'
import { until } from './support/until.ts'
import { type TestWorld, testWorld } from './support/worlds.ts'

let server: MailServer
let world: TestWorld
let storage: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange }
const mirrors: LiveMirror[] = []

beforeEach(async () => {
  server = await startMailServer()
  world = testWorld()
  storage = { indexedDB: new IDBFactory(), IDBKeyRange }
  server.put(
    { kind: 'account', id: 'a1', row: account('a1') },
    { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox' }) },
  )
})
afterEach(async () => {
  for (const mirror of mirrors.splice(0)) await mirror.stop()
  await server.close()
})

function open(over: Partial<Parameters<typeof createLiveMirror>[0]> = {}): LiveMirror {
  const mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world, storage, ...over })
  mirrors.push(mirror)
  mirror.start()
  return mirror
}
const phase = (mirror: LiveMirror) => mirror.state.getSnapshot().phase
const cursor = (mirror: LiveMirror) => mirror.state.getSnapshot().cursor

/** The mirror's rows equal the server's: nothing missing, nothing too much, each at its latest seq. */
async function expectSame({ db }: LiveMirror) {
  const local = [
    ...(await db.accounts.toArray()).map(row => `account ${row.id} ${row.seq}`),
    ...(await db.labels.toArray()).map(row => `label ${row.id} ${row.seq}`),
    ...(await db.messages.toArray()).map(row => `message ${row.id} ${row.seq}`),
    ...(await db.threads.toArray()).map(row => `thread ${row.id} ${row.seq}`),
  ]
  expect(local.sort()).toEqual(
    server
      .rows()
      .map(row => `${row.kind} ${row.id} ${row.seq}`)
      .sort(),
  )
}

describe('a live mirror', () => {
  it('fills, goes live, and stores what arrives', async () => {
    for (let i = 0; i < 20; i++) server.deliver(message(`m${i}`, { receivedAt: i }))
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    await until('it is filled', () => !mirror.state.getSnapshot().fill.running)
    await expectSame(mirror)
    server.deliver(message('new', { receivedAt: 100 }))
    await until('the new message is applied', () => cursor(mirror) === server.head())
    await expectSame(mirror)
  })

  it('falls back to polling when the stream is cut, misses nothing, and goes live again', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    server.intercept('stream', (_, response) => failure(response, 503, 'unavailable'))
    server.cutStreams()
    await until('it polls', () => phase(mirror) === 'polling')
    server.deliver(message('while-cut'))
    await world.passUntil('polling brought it', () => cursor(mirror) === server.head())
    await expectSame(mirror)
    server.intercept('stream', null)
    await world.passUntil('it is live again', () => phase(mirror) === 'live')
    server.deliver(message('after'))
    await until('the stream brought it', () => cursor(mirror) === server.head())
    await expectSame(mirror)
  })

  it('starts again, without what the server forgot, when its cursor is too old', async () => {
    const first = open()
    await until('it is live', () => phase(first) === 'live')
    server.deliver(message('old'))
    await until('it has the message', () => cursor(first) === server.head())
    await first.stop()
    server.remove('message', 'old')
    server.remove('thread', 't-old')
    server.deliver(message('young'))
    server.prune(server.head())
    const second = open()
    await until('it is live', () => phase(second) === 'live')
    await expectSame(second)
    expect(await second.db.messages.get('old')).toBeUndefined()
  })

  it('says signed out and stops when the session is over', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    server.sendToStreams('event: signed_out\ndata: {}\n\n')
    await until('it says so', () => phase(mirror) === 'signed_out')
    const before = server.requests('follow').length
    world.advance(600_000)
    expect(server.requests('follow')).toHaveLength(before)
  })

  it('sends a mutation, shows it at once, and lets go of it when the feed says the same', async () => {
    server.deliver(message('m1', { unread: true }))
    const mirror = open()
    await until('it is filled', async () => (await mirror.db.messages.count()) === 1)
    await mirror.mutate({ type: 'read', messageIds: ['m1'], read: true })
    await until('the server has it', () => server.mutations.length === 1)
    await until('it is done', async () => (await mirror.db.outbox.toArray())[0]?.state === 'done')
    server.deliver(message('m1', { unread: false }))
    await until('the outbox is empty', async () => (await mirror.db.outbox.count()) === 0)
    expect((await mirror.db.messages.get('m1'))?.unread).toBe(false)
  })
})

describe('a live mirror, in trouble', () => {
  it('takes up a fill where a reload interrupted it', async () => {
    for (let i = 0; i < 600; i++) server.deliver(message(`m${i}`, { receivedAt: i }))
    const first = open()
    await until(
      'the first page is stored',
      async () => (await first.db.meta.get('feed'))?.fill.position === '160',
    )
    await first.stop()
    const pages = server.requests('fill').length
    const second = open()
    await until('it is filled', () => phase(second) === 'live' && !second.state.getSnapshot().fill.running)
    await expectSame(second)
    const positions = server
      .requests('fill')
      .slice(pages)
      .map(url => url.searchParams.get('before'))
    expect(positions).not.toContain('start')
  })

  it('pulls what is missing when the stream hands it a page beyond its cursor', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    const head = server.head()
    server.loseRings(true)
    server.deliver(message('m1'))
    const gap = { after: head + 1, changes: [], next: head + 2, head: head + 2, floor: 0, more: false }
    server.sendToStreams(`event: changes\ndata: ${JSON.stringify(gap)}\n\n`)
    await until('nothing is missing', () => cursor(mirror) === server.head())
    await expectSame(mirror)
    expect(server.requests('follow')).toHaveLength(1)
  })

  it('starts again when the server is behind it, as after a restored backup', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    server.deliver(message('lost'))
    await until('it has the message', () => cursor(mirror) === server.head())
    await mirror.stop()
    server.rewind(2)
    server.deliver(message('kept'))
    server.rewind(3)
    const again = open()
    await until(
      'it is live at the head of the server',
      () => phase(again) === 'live' && cursor(again) === server.head(),
    )
    await expectSame(again)
  })

  it('keeps polling slowly when another tab of the world took its stream, and takes one again when looked at', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    server.sendToStreams('event: superseded\ndata: {}\n\n')
    await until('it says so', () => phase(mirror) === 'superseded')
    server.deliver(message('m1'))
    const streams = server.requests('stream').length
    await world.passUntil('a poll brought it', () => cursor(mirror) === server.head(), 1_000)
    expect(server.requests('stream')).toHaveLength(streams)
    world.setVisible(true)
    await until('it is live', () => phase(mirror) === 'live')
  })

  it('waits while offline and catches up when it is online', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    world.setOnline(false)
    await until('it says so', () => phase(mirror) === 'offline')
    await until('the stream is closed', () => server.streams() === 0)
    server.deliver(message('m1'))
    world.setOnline(true)
    await until('it caught up', () => phase(mirror) === 'live' && cursor(mirror) === server.head())
    await expectSame(mirror)
  })

  it('waits as long as Retry-After says, with the stream and with polls', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    const limited: Parameters<MailServer['intercept']>[1] = (_, response) =>
      failure(response, 429, 'rate_limited', { 'retry-after': '20' })
    server.intercept('stream', limited)
    server.intercept('follow', limited)
    server.cutStreams()
    await world.passUntil(
      'the stream was refused',
      () => mirror.state.getSnapshot().reason === 'rate_limited',
    )
    const refusedAt = world.now()
    await world.passUntil('a poll was refused', () => server.requests('follow').length === 1)
    const [streams, polls, polledAt] = [
      server.requests('stream').length,
      server.requests('follow').length,
      world.now(),
    ]
    await world.passUntil('it asked again', () => server.requests('stream').length > streams)
    expect(world.now() - refusedAt).toBeGreaterThanOrEqual(20_000)
    await world.passUntil('it polled again', () => server.requests('follow').length > polls)
    expect(world.now() - polledAt).toBeGreaterThanOrEqual(19_000)
  })

  it('goes through broken pages without losing its place', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    const before = cursor(mirror)
    server.intercept('stream', (_, response) => failure(response, 500, 'internal'))
    server.intercept('follow', (_, response) => void response.writeHead(200).end('{"after":0,"changes":[{}]'))
    server.cutStreams()
    server.deliver(message('m1'))
    await world.passUntil('it asked', () => server.requests('follow').length > 1)
    expect(cursor(mirror)).toBe(before)
    server.intercept('stream', null)
    server.intercept('follow', null)
    await world.passUntil(
      'nothing is missing',
      () => phase(mirror) === 'live' && cursor(mirror) === server.head(),
    )
    await expectSame(mirror)
  })

  it('acknowledges at most once in 5 s, with the last seq applied', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    await until('it said where it begins', () => server.requests('ack').length === 1)
    for (let i = 0; i < 10; i++) server.deliver(message(`m${i}`))
    await until('all is applied', () => cursor(mirror) === server.head())
    expect(server.requests('ack')).toHaveLength(1)
    world.advance(5_000)
    await until('it acknowledged', () => server.requests('ack').length === 2)
  })

  it('writes nothing after signing out, whatever was under way', async () => {
    const mirror = open()
    await until('it is live', () => phase(mirror) === 'live')
    for (let i = 0; i < 5; i++) server.deliver(message(`m${i}`))
    await mirror.signOut()
    expect(phase(mirror)).toBe('signed_out')
    expect(await storage.indexedDB.databases()).toEqual([])
    await expect(mirror.loadOlder({})).rejects.toThrow()
    expect(await storage.indexedDB.databases()).toEqual([])
  })
})

describe('bodies', () => {
  it('are fetched once and then come from the cache', async () => {
    server.deliver(message('m1'))
    const mirror = open()
    await until('it is here', async () => (await mirror.db.messages.count()) === 1)
    expect((await mirror.body('m1')).text).toBe('Body of m1')
    expect((await mirror.body('m1')).text).toBe('Body of m1')
    expect(server.requests('body')).toHaveLength(1)
    await expect(mirror.body('nobody')).rejects.toMatchObject({ code: 'not_found', status: 404 })
  })

  it('are kept up to the bound, the least recently used going first', async () => {
    server.deliver(message('m1'))
    const mirror = open()
    await until('it is here', async () => (await mirror.db.messages.count()) === 1)
    const body = { html: null, attachments: [], warning: null }
    await mirror.db.bodies.bulkAdd(
      Array.from({ length: BODIES_MAX }, (_, i) => ({
        id: `b${i}`,
        body: { id: `b${i}`, text: '', ...body },
        bytes: 10,
        usedAt: i,
      })),
    )
    await mirror.body('m1')
    expect(await mirror.db.bodies.count()).toBe(BODIES_MAX)
    expect(await mirror.db.bodies.get('b0')).toBeUndefined()
    await mirror.db.bodies.update('b9', { bytes: BODIES_MAX_BYTES, usedAt: 500 })
    await keepBody(mirror.db, { id: 'm1', text: 'again', ...body }, world.now())
    expect((await mirror.db.bodies.toArray()).map(({ id }) => id)).not.toContain('b9')
  })
})
