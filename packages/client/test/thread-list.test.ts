// Dexie's liveQuery runs only where there is a global IndexedDB.
import 'fake-indexeddb/auto'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFeed } from '../src/feed-meta.ts'
import { createLiveMirror } from '../src/live-mirror.ts'
import type { LiveMirror } from '../src/live-mirror-types.ts'
import { MirrorDb } from '../src/tables.ts'
import { createThreadList, type ThreadList } from '../src/thread-list.ts'
import { failure, type MailServer, startMailServer } from './support/mail-server.ts'
import { account, label, message } from './support/rows.ts'
import { until } from './support/until.ts'
import { testWorld } from './support/worlds.ts'

let server: MailServer
let storage: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange }
let mirror: LiveMirror
let unsubscribe = () => {}

beforeEach(async () => {
  server = await startMailServer()
  storage = { indexedDB: new IDBFactory(), IDBKeyRange }
  server.put(
    { kind: 'account', id: 'a1', row: account('a1') },
    { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox' }) },
    { kind: 'label', id: 'work', row: label('work') },
  )
})
afterEach(async () => {
  unsubscribe()
  await mirror.stop()
  await server.close()
})

async function open(fillLimit = 50_000) {
  mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world: testWorld(), storage, fillLimit })
  mirror.start()
  await until('it is filled', () => {
    const { phase, fill } = mirror.state.getSnapshot()
    return phase === 'live' && !fill.running
  })
}
function list(query: Parameters<typeof createThreadList>[1]): ThreadList {
  const threads = createThreadList(mirror, query)
  unsubscribe = threads.subscribe(() => {})
  return threads
}
const ids = (threads: ThreadList) => threads.getSnapshot().threads.map(({ id }) => id)
const settled = (threads: ThreadList) =>
  until('the list has settled', () => !threads.getSnapshot().loading && !threads.getSnapshot().loadingMore)
const newest = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => `t-m${from - i}`)

describe('a list of threads', () => {
  it('is newest first, grows by pages from the mirror, and ends', async () => {
    for (let i = 1; i <= 25; i++) server.deliver(message(`m${i}`, { receivedAt: i * 1000 }))
    await open()
    const threads = list({ role: 'inbox', limit: 10 })
    await settled(threads)
    expect(ids(threads)).toEqual(newest(25, 16))
    threads.loadMore()
    await until('the next page is there', () => ids(threads).length === 20)
    threads.loadMore()
    await until('all are there', () => ids(threads).length === 25)
    expect(ids(threads)).toEqual(newest(25, 1))
    expect(threads.getSnapshot().more).toBe(false)
    expect(server.requests('messages')).toHaveLength(0)
  })

  it('takes in what arrives and keeps the objects of the rows that did not change', async () => {
    for (let i = 1; i <= 3; i++) server.deliver(message(`m${i}`, { receivedAt: i * 1000 }))
    await open()
    const threads = list({ role: 'inbox' })
    await settled(threads)
    const before = threads.getSnapshot().threads
    server.deliver(message('m4', { receivedAt: 4_000 }))
    await until('it shows', () => ids(threads).length === 4)
    expect(threads.getSnapshot().threads.slice(1)).toEqual(before)
    for (const [i, row] of before.entries()) expect(threads.getSnapshot().threads[i + 1]).toBe(row)
  })

  it('goes on at the server where the mirror ends, without gaps, for two labels at once', async () => {
    for (let i = 1; i <= 40; i++) {
      const labelIds = i % 2 ? ['inbox'] : ['work']
      server.deliver(message(`m${i}`, { receivedAt: i * 1000, labelIds }))
    }
    await open(10)
    expect(mirror.state.getSnapshot().fill.limited).toBe(true)
    // Something old of another list is here by chance: it must not show before what lies between.
    await mirror.loadOlder({ labelId: 'work', before: 3_000 })
    const threads = list({ labelIds: ['inbox', 'work'], limit: 10 })
    await settled(threads)
    for (let guard = 0; threads.getSnapshot().more && guard < 20; guard++) {
      threads.loadMore()
      await settled(threads)
      const shown = ids(threads)
      expect(shown).toEqual(newest(40, 40 - shown.length + 1))
    }
    expect(ids(threads)).toHaveLength(40)
    expect(server.requests('messages').length).toBeGreaterThan(1)
  })

  it('says why it could not go on, and goes on when asked again', async () => {
    for (let i = 1; i <= 60; i++) server.deliver(message(`m${i}`, { receivedAt: i * 1000 }))
    await open(5)
    expect(mirror.state.getSnapshot().fill.limited).toBe(true)
    const threads = list({ role: 'inbox', limit: 10 })
    await settled(threads)
    const before = ids(threads)
    server.intercept('messages', (_, response) => failure(response, 503, 'unavailable'))
    for (let guard = 0; !threads.getSnapshot().error && guard < 10; guard++) {
      threads.loadMore()
      await settled(threads)
    }
    expect(threads.getSnapshot().error?.code).toBe('unavailable')
    server.intercept('messages', null)
    threads.loadMore()
    await until('it goes on', () => ids(threads).length > before.length)
    expect(threads.getSnapshot().error).toBeNull()
  })

  it('is whole when it was there before the first page of a new mirror', async () => {
    for (let i = 1; i <= 40; i++)
      server.deliver(
        message(`m${i}`, {
          receivedAt: i * 1000,
          unread: i % 2 === 0,
          labelIds: i % 4 ? ['inbox'] : ['work'],
        }),
      )
    const world = testWorld()
    mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world, storage })
    server.intercept('fill', (_, response) => failure(response, 503, 'unavailable'))
    mirror.start()
    await until('the first page was asked for', () => server.requests('fill').length > 0)
    // Asked for by itself, before anything else is here: the first page does not bring it again.
    await mirror.loadOlder({ limit: 1 })
    const queries = [
      { role: 'inbox', limit: 10 },
      { labelIds: ['work'] },
      { unreadOnly: true, limit: 7 },
    ] as const
    const lists = queries.map(query => createThreadList(mirror, query))
    const leave = lists.map(each => each.subscribe(() => {}))
    await until('the lists have looked', async () => (await mirror.db.threads.count()) === 1)
    server.intercept('fill', null)
    await world.passUntil('they are there', () => lists.every(each => !each.getSnapshot().loading))
    const early = lists.map(ids)
    for (const each of leave) each()
    const later = queries.map(query => createThreadList(mirror, query))
    const leaveLater = later.map(each => each.subscribe(() => {}))
    for (const each of later) await settled(each)
    expect(early).toEqual(later.map(ids))
    expect(early[0]?.slice(0, 3)).toEqual(['t-m39', 't-m38', 't-m37'])
    for (const each of leaveLater) each()
  })

  it('is loading, not empty, while a new mirror has nothing yet', async () => {
    const db = new MirrorDb('u1', storage)
    await openFeed(db, 'e')
    db.close()
    server.intercept('fill', () => {})
    mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world: testWorld(), storage })
    mirror.start()
    await until('it fills', () => mirror.state.getSnapshot().phase === 'resyncing')
    const threads = list({ role: 'inbox' })
    await until('the query has run', () => server.requests('fill').length === 1)
    expect(threads.getSnapshot().loading).toBe(true)
  })
})
