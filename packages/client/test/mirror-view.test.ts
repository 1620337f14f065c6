import 'fake-indexeddb/auto'
import type { Change, Upsert } from '@inlet/protocol/changes'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFeed } from '../src/feed-meta.ts'
import type { LiveMirror } from '../src/live-mirror-types.ts'
import { applyFillChunk, applyPage } from '../src/mirror.ts'
import { mirrorView } from '../src/mirror-view.ts'
import { enqueue } from '../src/outbox.ts'
import { readThreads } from '../src/queries.ts'
import { noTables, readSmallTables, type SmallTables } from '../src/small-tables.ts'
import { MirrorDb } from '../src/tables.ts'
import { createThreadList } from '../src/thread-list.ts'
import type { ThreadsQuery } from '../src/views.ts'
import { account, label, message, threadOf } from './support/rows.ts'
import { until } from './support/until.ts'

let db: MirrorDb
let head = 0
let users = 0
const leave: (() => void)[] = []

beforeEach(() => {
  db = new MirrorDb(`view-${++users}`, { indexedDB: new IDBFactory(), IDBKeyRange })
  head = 0
})
afterEach(() => {
  for (const end of leave.splice(0)) end()
  db.close()
})

type Row = Upsert extends infer U ? (U extends Upsert ? Omit<U, 'op' | 'seq'> : never) : never
const stamp = (change: Row): Upsert => ({ ...change, op: 'upsert', seq: ++head }) as Upsert

async function begin(...rows: Row[]) {
  await openFeed(db, 'e')
  const changes = rows.map(stamp)
  const page = { changes, next: null, head, floor: 0 }
  await applyFillChunk(db, 'e', { asked: 'start', changes, reaches: true, last: true, page, limit: 100 }, 0)
}
async function commit(...changes: Change[]) {
  const after = (await db.meta.get('feed'))?.cursor ?? 0
  await applyPage(db, 'e', { after, changes, next: head, head, floor: 0, more: false }, 0)
}
const mail = (n: number, at: number, over: Parameters<typeof message>[1] = {}) => {
  const row = message(`m${n}`, { receivedAt: at, ...over })
  const thread = threadOf([row])
  return [
    { kind: 'message', id: row.id, row },
    { kind: 'thread', id: thread.id, row: thread },
  ] as Row[]
}
const basics: Row[] = [
  { kind: 'account', id: 'a1', row: account('a1') },
  { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox' }) },
  { kind: 'label', id: 'work', row: label('work') },
]

function open(query: ThreadsQuery) {
  const list = createThreadList({ db } as LiveMirror, query)
  leave.push(list.subscribe(() => {}))
  return list
}
const tables = () => readSmallTables(db, noTables)

/** With its keys in one order, to be compared as text. */
const inOrder = (small: SmallTables) => Object.entries(small).sort(([a], [b]) => (a < b ? -1 : 1))

/** From now on whoever reads threads fails. */
function forbidReading() {
  db.threads.where = () => {
    throw new Error('The threads were read.')
  }
}

describe('what a tab knows of its mirror', () => {
  it('follows its own commits in their task, without reading the database', async () => {
    await begin(...basics, ...mail(1, 1))
    const list = open({ role: 'inbox' })
    await until('the list is there', () => list.getSnapshot().threads.length === 1)
    const view = mirrorView(db)
    forbidReading()
    const seen: string[] = []
    leave.push(view.onCommit(written => seen.push(written ? 'followed' : 'read')))
    const unread = { kind: 'label', id: 'inbox', row: label('inbox', { role: 'inbox', unread: 1 }) } as Row
    await commit(...[...mail(2, 2), unread].map(stamp))
    expect(seen).toEqual(['followed'])
    expect(list.getSnapshot().threads.map(({ id }) => id)).toEqual(['t-m2', 't-m1'])
    expect(list.getSnapshot().error).toBeNull()
    expect(view.getSnapshot().tables).toEqual(await tables())
  })

  it('keeps the labels’ own array while only their counts change', async () => {
    await begin(...basics)
    const view = mirrorView(db)
    leave.push(view.subscribe(() => {}))
    await until('it is there', () => !view.getSnapshot().loading)
    const before = view.getSnapshot().tables
    await commit(stamp({ kind: 'label', id: 'work', row: label('work', { unread: 7, total: 9 }) }))
    expect(view.getSnapshot().tables.labels.find(({ id }) => id === 'work')?.unread).toBe(7)
    expect(view.getSnapshot().tables.labelViews).toBe(before.labelViews)
    await commit(stamp({ kind: 'label', id: 'work', row: label('work', { name: 'Zulu' }) }))
    expect(view.getSnapshot().tables.labelViews.map(({ name }) => name)).toContain('Zulu')
  })

  it('reads again after what it cannot follow: another connection, another tab', async () => {
    await begin(...basics, ...mail(1, 1))
    const list = open({ role: 'inbox' })
    await until('the list is there', () => list.getSnapshot().threads.length === 1)
    await db.threads.delete('t-m1')
    await until('it is gone', () => list.getSnapshot().threads.length === 0)
  })

  it('shows what reading it again would, whatever is committed in whatever order', async () => {
    const queries: ThreadsQuery[] = [
      { role: 'inbox', limit: 2 },
      { role: 'inbox', unreadOnly: true, limit: 3 },
      { labelIds: ['work', 'inbox'], limit: 2 },
      { limit: 4 },
    ]
    const thread = fc.record({
      n: fc.nat(6),
      at: fc.nat(9),
      unread: fc.boolean(),
      labelIds: fc.subarray(['inbox', 'work']),
    })
    const act = fc.oneof(
      { weight: 6, arbitrary: fc.array(thread, { minLength: 1, maxLength: 3 }) },
      { weight: 2, arbitrary: fc.record({ gone: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ read: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ role: fc.constantFrom('inbox' as const, null) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), fc.constantFrom(...queries), async (acts, query) => {
        db = new MirrorDb(`view-${++users}`, { indexedDB: new IDBFactory(), IDBKeyRange })
        head = 0
        await begin(...basics)
        const list = open(query)
        for (const each of acts) {
          if ('gone' in each) {
            const ids = [`m${each.gone}`, `t-m${each.gone}`]
            const kinds = ['message', 'thread'] as const
            await commit(
              ...kinds.map((kind, i): Change => ({ kind, op: 'delete', id: ids[i] ?? '', seq: ++head })),
            )
          } else if ('read' in each) {
            const body = { type: 'read' as const, messageIds: [`m${each.read}`], read: true }
            await enqueue(db, body, { clientId: `client-${head}-${users}-${each.read}`, now: 0 }).catch(
              () => {},
            )
          } else if ('role' in each)
            await commit(stamp({ kind: 'label', id: 'inbox', row: label('inbox', { role: each.role }) }))
          else
            await commit(
              ...each.flatMap(({ n, at, unread, labelIds }) => mail(n, at, { unread, labelIds })).map(stamp),
            )
        }
        const { threads, more } = await readThreads(db, await tables(), query, query.limit ?? 50)
        const wanted = JSON.stringify([threads, more])
        await until('the list shows the same', () => {
          const now = list.getSnapshot()
          return !now.loading && JSON.stringify([now.threads, now.more]) === wanted
        })
        const stored = JSON.stringify(inOrder(await tables()))
        const view = mirrorView(db)
        await until(
          'the view knows the same',
          () => JSON.stringify(inOrder(view.getSnapshot().tables)) === stored,
        )
        for (const end of leave.splice(0)) end()
        db.close()
      }),
      { numRuns: 150 },
    )
  })
})
