import { FILL_START, type FillPage, type Upsert } from '@inlet/protocol/changes'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApiFailure } from '../src/api-failure.ts'
import { openFeed } from '../src/feed-meta.ts'
import { type FillContext, fillPage, nothingAhead } from '../src/fill.ts'
import { fillChunks } from '../src/fill-chunks.ts'
import type { Http } from '../src/http.ts'
import { createLiveMirror } from '../src/live-mirror.ts'
import { MirrorDb } from '../src/tables.ts'
import { type MailServer, startMailServer } from './support/mail-server.ts'
import { account, message, threadOf } from './support/rows.ts'
import { until } from './support/until.ts'
import { testMemory, testWorld } from './support/worlds.ts'

const upserts = (from: number, to: number): Upsert[] =>
  Array.from({ length: to - from }, (_, i) =>
    message(`m${from + i}`, { receivedAt: 10_000 - from - i }),
  ).flatMap((row): Upsert[] => {
    const thread = threadOf([row])
    return [
      { kind: 'message', op: 'upsert', id: row.id, seq: 1, row },
      { kind: 'thread', op: 'upsert', id: thread.id, seq: 1, row: thread },
    ]
  })
const page = (from: number, to: number, next: string | null): FillPage => ({
  changes: upserts(from, to),
  next,
  head: 1,
  floor: 0,
})

describe('a fill page', () => {
  it('is cut into what lists are made of and then messages, the first page right there', () => {
    const chunks = fillChunks(page(0, 100, 'p1'), FILL_START)
    expect(chunks.map(({ changes }) => [...new Set(changes.map(({ kind }) => kind))])).toEqual([
      ['thread'],
      ['message'],
    ])
    expect(chunks.map(({ reaches, last }) => [reaches, last])).toEqual([
      [true, false],
      [true, true],
    ])
  })

  it('reaches down only with the last of its threads, and loses nothing', () => {
    const whole = page(0, 600, null)
    const chunks = fillChunks(whole, 'p7')
    const cut = chunks.flatMap(({ changes }) => changes)
    expect(new Set(cut)).toEqual(new Set(whole.changes))
    expect(cut).toHaveLength(1_200)
    for (const [i, { reaches }] of chunks.entries()) {
      const later = chunks.slice(i + 1).flatMap(({ changes }) => changes)
      expect(reaches).toBe(!later.some(({ kind }) => kind === 'thread'))
    }
  })

  it('that is empty still moves the position', () => {
    expect(fillChunks(page(0, 0, null), FILL_START)).toEqual([{ changes: [], reaches: true, last: true }])
  })
})

describe('filling', () => {
  let db: MirrorDb
  let log: string[]
  let answer: (before: string) => FillPage
  let context: FillContext

  beforeEach(async () => {
    db = new MirrorDb('u1', { indexedDB: new IDBFactory(), IDBKeyRange })
    await openFeed(db, 'e')
    log = []
    const http = {
      async request({ path }: { path: string }) {
        const before = new URL(path, 'http://x').searchParams.get('before') ?? ''
        log.push(`ask ${before}`)
        return answer(before)
      },
    } as unknown as Http
    const write = <T>(run: () => Promise<T>) => {
      log.push('store')
      return run()
    }
    const queue = { live: write, filling: write }
    context = { db, http, world: testWorld(), queue, limit: 1_000, ahead: nothingAhead() }
  })
  afterEach(() => db.close())
  const fill = () => fillPage(context, 'e', new AbortController().signal)

  it('asks for the next page before it stores this one, but holds the first list up with nothing', async () => {
    answer = before => (before === FILL_START ? page(0, 3, 'p1') : page(3, 6, before === 'p1' ? 'p2' : null))
    await fill()
    expect(log).toEqual(['ask start', 'store', 'store'])
    log.length = 0
    await fill()
    expect(log).toEqual(['ask p1', 'ask p2', 'store'])
    log.length = 0
    await fill()
    expect(log).toEqual(['store'])
    expect((await db.meta.get('feed'))?.fill).toMatchObject({ position: null, horizon: 10_000 - 5 })
    expect(await db.messages.count()).toBe(6)
  })

  it('asks for nothing beyond its limit', async () => {
    context.limit = 6
    answer = before => (before === FILL_START ? page(0, 3, 'p1') : page(3, 6, 'p2'))
    await fill()
    await fill()
    expect(log.filter(each => each.startsWith('ask'))).toEqual(['ask start', 'ask p1'])
    expect((await db.meta.get('feed'))?.fill).toMatchObject({ position: null, limited: true })
  })

  it('asks again for a page that failed when it was asked for ahead', async () => {
    let down = true
    answer = before => {
      if (before === 'p2' && down) throw new ApiFailure('network', 'down')
      return before === FILL_START ? page(0, 1, 'p1') : page(1, 2, before === 'p1' ? 'p2' : null)
    }
    await fill()
    await fill()
    down = false
    await fill()
    expect(log.filter(each => each === 'ask p2')).toHaveLength(2)
    expect((await db.meta.get('feed'))?.fill.position).toBeNull()
  })
})

describe('a new mirror', () => {
  let server: MailServer
  beforeEach(async () => {
    server = await startMailServer()
    server.put({ kind: 'account', id: 'a1', row: account('a1') })
  })
  afterEach(() => server.close())

  it('asks for its first page without waiting for its database', async () => {
    const indexedDB = new IDBFactory()
    indexedDB.open = () => {
      throw new Error('This database takes its time.')
    }
    const storage = { indexedDB, IDBKeyRange }
    const world = testWorld({ memory: testMemory() })
    const mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world, storage })
    mirror.start()
    await until('it was asked for', () => server.requests('fill').length === 1)
    await mirror.stop()
  })

  it('has its feed row from the moment its database is made', async () => {
    const storage = { indexedDB: new IDBFactory(), IDBKeyRange }
    const mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world: testWorld(), storage })
    expect(await mirror.db.meta.get('feed')).toMatchObject({ cursor: null, fill: { position: FILL_START } })
    await mirror.stop()
  })

  it('asks once for it; one that is there asks for nothing', async () => {
    const storage = { indexedDB: new IDBFactory(), IDBKeyRange }
    const world = testWorld({ memory: testMemory() })
    for (const visit of ['first', 'second']) {
      const mirror = createLiveMirror({ userId: 'u1', baseUrl: server.url, world, storage })
      mirror.start()
      await until(`the ${visit} is live`, () => mirror.state.getSnapshot().phase === 'live')
      expect(server.requests('fill')).toHaveLength(1)
      if (visit === 'second') await mirror.signOut()
      await mirror.stop()
    }
    expect(world.memory?.getItem('inlet-u1-filled')).toBeNull()
  })
})
