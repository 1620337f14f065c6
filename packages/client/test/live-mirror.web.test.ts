import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLiveMirror } from '../src/live-mirror.ts'
import type { LiveMirror } from '../src/live-mirror-types.ts'
import { type PageServer, pageServer } from './support/page-server.ts'
import { account, label, message } from './support/rows.ts'
import { until } from './support/until.ts'

let server: PageServer
let userId: string
let users = 0
const mirrors: LiveMirror[] = []

beforeEach(() => {
  server = pageServer()
  userId = `web-${Date.now()}-${++users}`
  server.put(
    { kind: 'account', id: 'a1', row: account('a1') },
    { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox' }) },
  )
})
afterEach(async () => {
  for (const mirror of mirrors.splice(0)) await mirror.stop()
  indexedDB.deleteDatabase(`inlet-${userId}`)
})

/** Each is a tab of its own to Web Locks, BroadcastChannel and IndexedDB, which know no page. */
function tab(): LiveMirror {
  const mirror = createLiveMirror({ userId, fetch: server.fetch })
  mirrors.push(mirror)
  mirror.start()
  return mirror
}
const state = (mirror: LiveMirror) => mirror.state.getSnapshot()
const live = (mirror: LiveMirror) => until('it is live', () => state(mirror).phase === 'live')

describe('the mirror in a real browser', () => {
  it('fills, follows, and finds everything again after a reload', async () => {
    for (let i = 0; i < 300; i++) server.deliver(message(`m${i}`, { receivedAt: i }))
    const first = tab()
    await live(first)
    await until('it is filled', () => !state(first).fill.running)
    expect(await first.db.messages.count()).toBe(300)
    server.deliver(message('new'))
    await until('it has the new one', () => state(first).cursor === server.head())
    await first.stop()
    server.deliver(message('while-closed'))
    const second = tab()
    await until('it caught up', () => state(second).cursor === server.head())
    expect(await second.db.messages.count()).toBe(302)
  })

  it('has one stream for two tabs, and hands it over when the leading one goes', async () => {
    const first = tab()
    await live(first)
    const second = tab()
    await live(second)
    expect([state(first).leader, state(second).leader, server.streams()]).toEqual([true, false, 1])
    server.deliver(message('m1'))
    await until('the follower knows', () => state(second).cursor === server.head())
    await first.stop()
    await until('the second leads', () => state(second).leader && state(second).phase === 'live')
    server.deliver(message('m2'))
    await until('it has both', async () => (await second.db.messages.count()) === 2)
    expect(server.streams()).toBe(1)
  })

  it('polls while the server is away, and comes back without loss', async () => {
    const mirror = tab()
    await live(mirror)
    server.setDown(true)
    await until('it polls', () => state(mirror).phase === 'polling')
    server.deliver(message('m1'))
    server.setDown(false)
    await until('it is live again', () => state(mirror).phase === 'live', 15_000)
    await until('nothing is missing', () => state(mirror).cursor === server.head())
    expect(await mirror.db.messages.count()).toBe(1)
  }, 20_000)

  it('sends what a follower changed', async () => {
    server.deliver(message('m1', { unread: true }))
    const first = tab()
    await live(first)
    const second = tab()
    await live(second)
    const clientId = await second.mutate({ type: 'read', messageIds: ['m1'], read: true })
    await until('the server has it', () => server.mutations.some(mutation => mutation.clientId === clientId))
  })

  it('leaves no database behind when a person signs out', async () => {
    const first = tab()
    await live(first)
    const second = tab()
    await live(second)
    await first.signOut()
    await until('the other is out too', () => state(second).phase === 'signed_out')
    const names = async () => (await indexedDB.databases()).map(({ name }) => name)
    await until('it is gone', async () => !(await names()).includes(`inlet-${userId}`))
    await expect(second.mutate({ type: 'archive', messageIds: ['m1'] })).rejects.toThrow()
    expect(await names()).not.toContain(`inlet-${userId}`)
  })
})
