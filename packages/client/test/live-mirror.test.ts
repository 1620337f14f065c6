import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
