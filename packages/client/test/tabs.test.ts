import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLiveMirror } from '../src/live-mirror.ts'
import type { LiveMirror } from '../src/live-mirror-types.ts'
import { ANSWER_LIMIT_MS, ASK_EVERY_MS } from '../src/tabs.ts'
import type { World } from '../src/world.ts'
import { type MailServer, startMailServer } from './support/mail-server.ts'
import { account, message } from './support/rows.ts'
import { until } from './support/until.ts'
import { tabHub, testWorld } from './support/worlds.ts'

let server: MailServer
let hub: ReturnType<typeof tabHub>
let userId: string
let storage: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange }
const mirrors: LiveMirror[] = []
let users = 0

beforeEach(async () => {
  server = await startMailServer()
  server.put({ kind: 'account', id: 'a1', row: account('a1') })
  hub = tabHub()
  // Web Locks are shared by the whole process.
  userId = `tabs-${++users}`
  storage = { indexedDB: new IDBFactory(), IDBKeyRange }
})
afterEach(async () => {
  for (const mirror of mirrors.splice(0)) await mirror.stop()
  await server.close()
})

function tab(world: World = testWorld({ hub })): LiveMirror {
  const mirror = createLiveMirror({ userId, baseUrl: server.url, world, storage })
  mirrors.push(mirror)
  mirror.start()
  return mirror
}
const state = (mirror: LiveMirror) => mirror.state.getSnapshot()
const isLive = (mirror: LiveMirror) => () => state(mirror).phase === 'live'

describe('several tabs', () => {
  it('share one stream, one state and one mirror', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const second = tab()
    await until('the second shows it', isLive(second))
    expect([state(first).leader, state(second).leader]).toEqual([true, false])
    expect(server.streams()).toBe(1)
    server.deliver(message('m1'))
    await until('the second knows', () => state(second).cursor === server.head())
    expect(await second.db.messages.count()).toBe(1)
    expect(server.requests('stream')).toHaveLength(1)
  })

  it('pass leadership on when the leading one closes', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const second = tab()
    await first.stop()
    await until('the second leads', () => state(second).leader && isLive(second)())
    server.deliver(message('m1'))
    await until('it has the message', () => state(second).cursor === server.head())
  })

  it('take leadership from a leader that answers no more', async () => {
    // Frozen: it holds the lock, and neither its timers nor its messages come.
    const frozen = testWorld({ hub: { ...hub, channel: name => ({ ...hub.channel(name), onMessage() {} }) } })
    const first = tab(frozen)
    await until('the first is live', isLive(first))
    const world = testWorld({ hub })
    const second = tab(world)
    world.advance(ASK_EVERY_MS + ANSWER_LIMIT_MS)
    await until('the second leads', () => state(second).leader && isLive(second)())
    await until('the first does not', () => !state(first).leader)
    await until('its stream is closed', () => server.streams() === 1)
  })

  it('leave leadership with a leader that answers', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const world = testWorld({ hub })
    const second = tab(world)
    await until('the second shows it', isLive(second))
    for (let second = 0; second < 60; second++) {
      world.advance(1_000)
      await new Promise(resolve => setImmediate(resolve))
    }
    expect([state(first).leader, state(second).leader]).toEqual([true, false])
  })

  it('send what any of them changed', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const second = tab()
    await until('the second shows it', isLive(second))
    server.deliver(message('m1', { unread: true }))
    await until('it is here', async () => (await second.db.messages.count()) === 1)
    await second.mutate({ type: 'read', messageIds: ['m1'], read: true })
    await until('the server has it', () => server.mutations.length === 1)
  })

  it('pull at once when a follower syncs now', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const second = tab()
    await until('the second shows it', isLive(second))
    await second.syncNow()
    expect(server.requests('sync')).toHaveLength(1)
    await until('the leader pulled', () => server.requests('follow').length === 1)
  })

  it('all end and leave nothing behind when one signs out', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const second = tab()
    await until('the second shows it', isLive(second))
    await second.signOut()
    await until('the first is signed out', () => state(first).phase === 'signed_out')
    await until('the stream is closed', () => server.streams() === 0)
    expect((await storage.indexedDB.databases()).map(({ name }) => name)).toEqual([])
    await expect(first.mutate({ type: 'archive', messageIds: ['m1'] })).rejects.toThrow()
    expect(await storage.indexedDB.databases()).toEqual([])
  })

  it('one whose database was closed under it hears all the same that another signs out', async () => {
    const first = tab()
    await until('the first is live', isLive(first))
    const second = tab()
    await until('the second shows it', isLive(second))
    first.db.close({ disableAutoOpen: true })
    await second.signOut()
    await until('the first is signed out', () => state(first).phase === 'signed_out')
    await until('the stream is closed', () => server.streams() === 0)
  })
})
