import type { Change, ChangesPage, FillPage } from '@inlet/protocol/changes'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFeed, resetFeed } from '../src/feed-meta.ts'
import { applyExtra, applyFillChunk, applyPage } from '../src/mirror.ts'
import { MirrorDb } from '../src/tables.ts'
import { threadKeys } from '../src/thread-keys.ts'
import { message, threadOf } from './support/rows.ts'

const EPOCH = 'epoch-1'
let db: MirrorDb
beforeEach(() => {
  db = new MirrorDb('u1', { indexedDB: new IDBFactory(), IDBKeyRange })
})
afterEach(() => db.close())

const upsert = (id: string, seq: number, subject = `v${seq}`): Change => ({
  kind: 'message',
  op: 'upsert',
  id,
  seq,
  row: message(id, { subject }),
})
const deletion = (id: string, seq: number): Change => ({ kind: 'message', op: 'delete', id, seq })
const page = (after: number, next: number, changes: Change[]): ChangesPage => ({
  after,
  next,
  head: next,
  floor: 0,
  more: false,
  changes,
})

async function begin(head = 0) {
  await openFeed(db, EPOCH)
  await fill({ changes: [], next: 'p1', head, floor: 0 }, 'start')
}
function fill(fillPage: FillPage, asked: string, limit = 100) {
  const chunk = { asked, changes: fillPage.changes, reaches: true, last: true, page: fillPage, limit }
  return applyFillChunk(db, EPOCH, chunk, 0)
}
const contents = async () =>
  Object.fromEntries((await db.messages.toArray()).map(row => [row.id, `${row.seq} ${row.subject}`]))
const cursor = async () => (await db.meta.get('feed'))?.cursor

describe('the mirror, following', () => {
  it('stores rows and cursor together, or neither (I5)', async () => {
    await begin()
    const broken = {
      ...page(0, 2, [upsert('m1', 1)]),
      changes: [upsert('m1', 1), { ...upsert('m2', 2), row: null }],
    }
    await expect(applyPage(db, EPOCH, broken as unknown as ChangesPage, 0)).rejects.toThrow()
    expect(await cursor()).toBe(0)
    expect(await contents()).toEqual({})
    await applyPage(db, EPOCH, page(0, 2, [upsert('m1', 1), upsert('m2', 2)]), 0)
    expect(await cursor()).toBe(2)
    expect(await contents()).toEqual({ m1: '1 v1', m2: '2 v2' })
  })

  it('changes nothing when a page comes twice (I4)', async () => {
    await begin()
    const once = page(0, 3, [upsert('m1', 1), upsert('m2', 2), deletion('m1', 3)])
    expect((await applyPage(db, EPOCH, once, 0)).kind).toBe('applied')
    const before = await Promise.all(db.tables.map(table => table.toArray()))
    expect((await applyPage(db, EPOCH, once, 0)).kind).toBe('known')
    expect(await Promise.all(db.tables.map(table => table.toArray()))).toEqual(before)
  })

  it('refuses a page that begins after its cursor', async () => {
    await begin()
    expect(await applyPage(db, EPOCH, page(5, 6, [upsert('m1', 6)]), 0)).toEqual({ kind: 'gap', cursor: 0 })
    expect(await contents()).toEqual({})
  })

  it('keeps the newer row when a page overlaps what it has', async () => {
    await begin()
    await applyPage(db, EPOCH, page(0, 5, [upsert('m1', 5)]), 0)
    await applyPage(db, EPOCH, page(0, 6, [upsert('m1', 2, 'old'), upsert('m2', 6)]), 0)
    expect(await contents()).toEqual({ m1: '5 v5', m2: '6 v6' })
  })

  it('drops what was under way when the mirror was reset', async () => {
    await begin()
    await resetFeed(db, EPOCH, 'epoch-2')
    expect(await applyPage(db, EPOCH, page(0, 1, [upsert('m1', 1)]), 0)).toEqual({ kind: 'fenced' })
    expect(await applyExtra(db, EPOCH, [], 0)).toBeNull()
    expect(await contents()).toEqual({})
  })

  it('is reset once when two tabs ask for it, and keeps the outbox', async () => {
    await begin()
    await db.outbox.add({
      clientId: 'c'.repeat(8),
      body: { type: 'archive', messageIds: ['m1'] },
      patches: {},
      state: 'queued',
      createdAt: 0,
      attempts: 0,
      error: null,
      seqsAtDone: null,
      settleBy: null,
    })
    expect((await resetFeed(db, EPOCH, 'epoch-2')).epoch).toBe('epoch-2')
    expect((await resetFeed(db, EPOCH, 'epoch-3')).epoch).toBe('epoch-2')
    expect(await db.outbox.count()).toBe(1)
  })

  it('is emptied, but for the outbox, when its version is another', async () => {
    await begin(7)
    await db.meta.update('feed', { protocol: -1 })
    expect(await openFeed(db, 'epoch-2')).toMatchObject({ epoch: 'epoch-2', cursor: null })
  })

  it('deletes a message with its cached body', async () => {
    await begin()
    await applyPage(db, EPOCH, page(0, 1, [upsert('m1', 1)]), 0)
    await db.bodies.put({
      id: 'm1',
      body: { id: 'm1', html: null, text: 'x', attachments: [], warning: null },
      bytes: 2,
      usedAt: 0,
    })
    await applyPage(db, EPOCH, page(1, 2, [deletion('m1', 2)]), 0)
    expect(await db.bodies.count()).toBe(0)
  })
})

describe('the mirror, filling while it follows', () => {
  it('does not bring back what was deleted while the page was under way', async () => {
    await begin(10)
    await applyPage(db, EPOCH, page(10, 11, [deletion('m1', 11)]), 0)
    await fill({ changes: [upsert('m1', 4)] as FillPage['changes'], next: null, head: 10, floor: 0 }, 'p1')
    expect(await contents()).toEqual({})
  })

  it('adds what is new and keeps what is newer than the page', async () => {
    await begin(10)
    await applyPage(db, EPOCH, page(10, 11, [upsert('m1', 11)]), 0)
    const changes = [upsert('m1', 4), upsert('m2', 5)] as FillPage['changes']
    const feed = await fill({ changes, next: 'p2', head: 10, floor: 0 }, 'p1')
    expect(await contents()).toEqual({ m1: '11 v11', m2: '5 v5' })
    expect(feed?.fill.done).toBe(1)
  })

  it('takes a page only for the position that it was asked with', async () => {
    await begin(10)
    expect(await fill({ changes: [], next: 'p2', head: 10, floor: 0 }, 'p1')).toMatchObject({
      fill: { position: 'p2' },
    })
    expect(await fill({ changes: [], next: 'p2', head: 10, floor: 0 }, 'p1')).toBeNull()
  })

  it('stops at its limit and says so', async () => {
    await begin(10)
    const changes = [upsert('m1', 1), upsert('m2', 2)] as FillPage['changes']
    const feed = await fill({ changes, next: 'p2', head: 10, floor: 0 }, 'p1', 2)
    expect(feed?.fill).toMatchObject({ position: null, limited: true, done: 2 })
  })

  it('ends equal to the server, whatever happened in whatever order', async () => {
    // A server with 6 rows; each step changes one. Pages of both walks are read at one time and arrive at another.
    const steps = fc.array(
      fc.record({ id: fc.nat(5), gone: fc.boolean(), read: fc.boolean(), arrive: fc.nat(3) }),
      { maxLength: 25 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async history => {
        db = new MirrorDb('u1', { indexedDB: new IDBFactory(), IDBKeyRange })
        const server = new Map<string, Change>()
        let head = 0
        for (let i = 0; i < 6; i++) server.set(`m${i}`, upsert(`m${i}`, ++head))
        await begin(head)
        const inFlight: FillPage[] = []
        let pages = 1
        let position = 'p1'
        const read = (): FillPage => ({
          changes: [...server.values()].filter(change => change.op === 'upsert'),
          next: `p${++pages}`,
          head,
          floor: 0,
        })
        for (const { id, gone, read: reads, arrive } of history) {
          if (reads) inFlight.push(read())
          head++
          server.set(`m${id}`, gone ? deletion(`m${id}`, head) : upsert(`m${id}`, head))
          const from = Math.max(0, ((await cursor()) ?? 0) - arrive)
          const changes = [...server.values()]
            .filter(change => change.seq > from)
            .sort((a, b) => a.seq - b.seq)
          await applyPage(db, EPOCH, page(from, head, changes), 0)
          if (arrive === 0) {
            const late = inFlight.shift()
            if (late) position = (await fill(late, position))?.fill.position ?? position
          }
        }
        for (const late of [...inFlight, { ...read(), next: null }])
          position = (await fill(late, position))?.fill.position ?? position
        const expected = [...server.values()].filter(change => change.op === 'upsert')
        expect(await contents()).toEqual(
          Object.fromEntries(expected.map(change => [change.id, `${change.seq} v${change.seq}`])),
        )
        db.close()
      }),
      { numRuns: 40 },
    )
  })
})

describe('thread keys', () => {
  it('sort by time within a label, and list unread threads twice', () => {
    const thread = threadOf([message('m1', { receivedAt: 5, unread: true, labelIds: ['a', 'b'] })])
    expect(threadKeys(thread)).toEqual([
      '=a:000000000000005',
      '!a:000000000000005',
      '=b:000000000000005',
      '!b:000000000000005',
    ])
    const times = [0, 9, 10, 1_700_000_000_000, 99_999_999_999_999]
    const keys = times.map(
      lastMessageAt => threadKeys({ ...thread, lastMessageAt, labelIds: ['a'], unreadCount: 0 })[0],
    )
    expect(keys).toEqual([...keys].sort())
  })
})
