import { ChangesPage, FillPage, Upsert } from '@inlet/protocol/changes'
import { Account } from '@inlet/protocol/entities'
import { MessageBody } from '@inlet/protocol/messages-api'
import { FailedItem, SyncRun } from '@inlet/protocol/sync-api'
import { rowId } from '@inlet/sync/row-id'
import {
  claimLane,
  commitUnder,
  connected,
  inbox,
  NOW,
  pulledMessage,
} from '@inlet/testkit/contract/store-fixture'
import { beforeAll, expect, test } from 'vitest'
import { createMessageReader, type MessageReader } from '../src/messages.ts'
import { storeOnPostgres } from './fixture.ts'

const postgres = storeOnPostgres()
let box: Awaited<ReturnType<typeof connected>>
let reader: MessageReader

const message = (id: string) => rowId(box.accountId, 'message', id)
const thread = (id: string) => rowId(box.accountId, 'thread', id)
const ids = (changes: Upsert[], kind: string) =>
  changes.filter(change => change.kind === kind).map(change => change.id)

beforeAll(async () => {
  const { store } = postgres.get()
  box = await connected(postgres.get())
  reader = createMessageReader(postgres.pool())
  const file = {
    partId: '2',
    filename: 'ünïcode.pdf',
    mimeType: 'application/pdf',
    sizeBytes: 5,
    inline: false,
    contentId: null,
  }
  await commitUnder(store, box.claim, {
    labels: [inbox, { ...inbox, id: 'RARE', name: 'Rare' }],
    upserts: [
      pulledMessage('m1', {
        threadId: 't1',
        receivedAt: NOW + 1,
        subject: 'Invoice for March',
        labelIds: ['INBOX', 'RARE'],
        attachments: [file],
      }),
      pulledMessage('m2', {
        threadId: 't2',
        receivedAt: NOW + 2,
        body: { html: '<p>Der <b>Kühlschrank</b> ist leer</p>', text: null, warning: 'odd charset' },
      }),
      pulledMessage('m3', { threadId: 't1', receivedAt: NOW + 3, body: null }),
      pulledMessage('m4', {
        threadId: 't3',
        receivedAt: NOW + 4,
        from: { name: 'Grace Hopper', email: 'grace@navy.example' },
      }),
    ],
    failures: [{ id: 'bad', code: 'parse', message: 'broken', retryAt: NOW + 9 }],
    cursor: 'c1',
  })
  await store.finish(box.claim, { ok: true }, NOW)
})

test('threads come newest first with their newest message, page by page', async () => {
  const first = await reader.threadsPage(box.userId, { limit: 2 })
  expect(ids(first.changes, 'thread')).toEqual([thread('t3'), thread('t1')])
  expect(ids(first.changes, 'message')).toEqual([message('m4'), message('m3')])
  const second = await reader.threadsPage(box.userId, { limit: 2, before: first.next ?? 0 })
  expect(ids(second.changes, 'thread')).toEqual([thread('t2')])
  expect(second.next).toBeNull()
})

test('threads are found by label and by account, and one thread gives all its messages, oldest first', async () => {
  const { userId, accountId } = box
  const rare = await reader.threadsPage(userId, {
    labelId: rowId(accountId, 'label', 'RARE'),
    accountId,
    limit: 9,
  })
  expect(ids(rare.changes, 'thread')).toEqual([thread('t1')])
  expect(ids((await reader.threadsPage(userId, { accountId, limit: 9 })).changes, 'thread')).toHaveLength(3)
  expect((await reader.threadsPage(userId, { accountId: 'other', limit: 9 })).changes).toEqual([])
  const one = await reader.threadsPage(userId, { threadId: thread('t1'), limit: 9 })
  expect(one.changes.map(change => change.id)).toEqual([thread('t1'), message('m1'), message('m3')])
})

test.each([
  ['invoice march', ['m1']],
  ['march invo', ['m1']],
  ['invo march', []],
  ['INVO', ['m1']],
  ['kühlschrank', ['m2']],
  ['hopper', ['m4']],
  ['grace@navy.example', ['m4']],
  ['body', ['m4', 'm1']],
  ['subject nothing', []],
  ["it's | ( & ! :* \\ <-> '", []],
  ['***', []],
])('a search for %j finds %j', async (q, found) => {
  const page = await reader.search(box.userId, { q, limit: 9 })
  expect(ids(page.changes, 'message')).toEqual(found.map(message))
})

test('a body is read with its attachments, fetched lazily where it is missing, and then searchable', async () => {
  const { userId, accountId } = box
  const stored = await reader.readBody(userId, message('m1'))
  expect(MessageBody.parse(stored?.body)).toMatchObject({
    text: 'Body of m1',
    attachments: [{ filename: 'ünïcode.pdf' }],
  })
  expect(await reader.readBody(userId, message('m3'))).toEqual({ accountId, providerId: 'm3', body: null })
  await reader.saveBody(userId, message('m3'), { html: null, text: 'zeppelin\0', warning: null })
  expect((await reader.readBody(userId, message('m3')))?.body?.text).toBe('zeppelin\u{FFFD}')
  expect(ids((await reader.search(userId, { q: 'zeppelin', limit: 9 })).changes, 'message')).toEqual([
    message('m3'),
  ])
  await reader.saveBody(userId, 'no-such-message', { html: null, text: 'x', warning: null })
  const [attachment] = stored?.body?.attachments ?? []
  expect(await reader.readAttachment(userId, attachment?.id ?? '')).toEqual({
    accountId,
    messageProviderId: 'm1',
    partId: '2',
    filename: 'ünïcode.pdf',
    mimeType: 'application/pdf',
    sizeBytes: 5,
  })
})

test('everything that is read has the shape that the protocol promises', async () => {
  const { feed } = postgres.get()
  const { userId } = box
  ChangesPage.parse(await feed.follow(userId, 0, 100))
  FillPage.parse(await feed.fill(userId, 'start', 100))
  for (const change of (await reader.threadsPage(userId, { limit: 9 })).changes) Upsert.parse(change)
  expect((await reader.accounts(userId)).map(row => Account.parse(row))).toMatchObject([
    { failedItems: 1, lastSyncAt: NOW },
  ])
  expect((await reader.syncRuns(userId, { limit: 9 })).map(run => SyncRun.parse(run))).toMatchObject([
    { kind: 'live', outcome: 'done', upserts: 4 },
  ])
  expect((await reader.failedItems(userId)).map(item => FailedItem.parse(item))).toMatchObject([
    { providerId: 'bad', attempts: 1 },
  ])
})

test('an id that Postgres could not hold is not found, like any other', async () => {
  const { userId } = box
  const odd = 'a\0b'
  expect(await reader.readBody(userId, odd)).toBeNull()
  expect(await reader.readAttachment(userId, odd)).toBeNull()
  for (const filter of [{ threadId: odd }, { labelId: odd }, { accountId: odd }])
    expect((await reader.threadsPage(userId, { ...filter, limit: 9 })).changes).toEqual([])
  expect((await reader.search(userId, { q: 'invoice', accountId: odd, limit: 9 })).changes).toEqual([])
  expect(await reader.syncRuns(userId, { accountId: odd, limit: 9 })).toEqual([])
  expect(await reader.failedItems(userId, odd)).toEqual([])
})

test('a reader that was aborted says so', async () => {
  await expect(reader.accounts(box.userId, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
})

test('a run that has brought nothing makes no search vectors: those queued are another run’s, or the timer’s', async () => {
  const { store } = postgres.get()
  const other = await connected(postgres.get())
  const queued = async () => {
    const { rows } = await postgres
      .pool()
      .query<{ n: number }>('SELECT count(*) AS n FROM search_queue WHERE user_id = $1', [other.userId])
    return rows[0]?.n
  }
  await commitUnder(store, other.claim, { labels: [inbox], upserts: [pulledMessage('m1')], cursor: 'c1' })
  await store.mark({ accountId: other.accountId, lanes: ['items'] }, 'schedule', NOW)
  await store.finish(await claimLane(store, other.accountId, 'items', NOW), { ok: true }, NOW)
  expect(await queued()).toBe(1)
  await store.finish(other.claim, { ok: true }, NOW)
  expect(await queued()).toBe(0)
})
