import type { Change, ChangesPage, FillPage, Upsert } from '@inlet/protocol/changes'
import { Dexie } from 'dexie'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { beginWithFeed, openFeed } from '../src/feed-meta.ts'
import { applyFillChunk, applyPage } from '../src/mirror.ts'
import { MirrorDb } from '../src/tables.ts'
import { message, threadOf } from './support/rows.ts'

const EPOCH = 'e'
let db: MirrorDb
beforeEach(async () => {
  db = new MirrorDb('u1', { indexedDB: new IDBFactory(), IDBKeyRange })
  await openFeed(db, EPOCH)
})
afterEach(() => db.close())

const upsert = (id: string, seq: number): Change => ({
  kind: 'message',
  op: 'upsert',
  id,
  seq,
  row: message(id),
})
const page = (after: number, next: number, changes: unknown[]) =>
  ({ after, next, head: next, floor: 0, more: false, changes }) as ChangesPage
const fill = (asked: string, filled: FillPage) =>
  applyFillChunk(db, EPOCH, { page: filled, asked, changes: [], reaches: true, last: true, limit: 100 }, 0)
const cursor = async () => (await db.meta.get('feed'))?.cursor
const seqs = async () => (await db.messages.toArray()).map(({ id, seq }) => `${id} ${seq}`)

describe('what is written into the mirror', () => {
  it('is a whole page or nothing of it: of one with a row that cannot be stored neither its other rows nor its cursor', async () => {
    await fill('start', { changes: [], next: 'p1', head: 0, floor: 0 })
    // IndexedDB itself refuses it, and only when it is written, after others were taken: a function cannot be stored.
    const unstorable = { ...threadOf([message('m1')]), subject: () => 'nothing' }
    const thread = { kind: 'thread', op: 'upsert', id: unstorable.id, seq: 2, row: unstorable }
    await expect(applyPage(db, EPOCH, page(0, 2, [upsert('m1', 1), thread]), 0)).rejects.toThrow()
    expect([await seqs(), await cursor()]).toEqual([[], 0])
  })

  it('stays when an older deletion comes late', async () => {
    await fill('start', { changes: [], next: 'p1', head: 0, floor: 0 })
    await applyPage(db, EPOCH, page(0, 5, [upsert('m1', 5)]), 0)
    const late = { kind: 'message', op: 'delete', id: 'm1', seq: 4 }
    await applyPage(db, EPOCH, page(0, 6, [late, upsert('m2', 6)]), 0)
    expect(await seqs()).toEqual(['m1 5', 'm2 6'])
  })

  it('keeps nobody from the lists while the messages of a page are stored', async () => {
    await fill('start', { changes: [], next: 'p1', head: 10, floor: 0 })
    const changes = [upsert('m1', 1), upsert('m2', 2)] as Upsert[]
    const filled = { changes, next: 'p2', head: 10, floor: 0 }
    const chunk = { page: filled, asked: 'p1', changes, reaches: true, last: true, limit: 100 }
    // Somebody holds the threads all the time.
    await db.transaction('rw!', db.threads, () => Dexie.waitFor(applyFillChunk(db, EPOCH, chunk, 0)))
    expect(await seqs()).toEqual(['m1 1', 'm2 2'])
  })

  it('is followed from the head of the first page of the fill, whatever the later ones say', async () => {
    await fill('start', { changes: [], next: 'p1', head: 10, floor: 0 })
    await fill('p1', { changes: [], next: 'p2', head: 20, floor: 0 })
    expect(await cursor()).toBe(10)
  })
})

describe('a database that is made', () => {
  it('begins with its feed, whoever opens it first; one that is there keeps its own', async () => {
    const storage = { indexedDB: new IDBFactory(), IDBKeyRange }
    for (const epoch of ['first', 'second']) {
      const made = new MirrorDb('u2', storage)
      beginWithFeed(made, epoch)
      await made.threads.count()
      expect(await made.meta.get('feed')).toMatchObject({ epoch: 'first', cursor: null })
      made.close()
    }
  })

  it('has no other writer waited for once its feed is there', async () => {
    const transaction = db.transaction.bind(db)
    db.transaction = () => {
      throw new Error('A transaction was begun.')
    }
    expect((await openFeed(db, 'another')).epoch).toBe(EPOCH)
    db.transaction = transaction
  })
})
