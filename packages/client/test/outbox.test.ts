import type { MutationBody } from '@inlet/protocol/mutations'
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openFeed, resetFeed } from '../src/feed-meta.ts'
import { createHttp } from '../src/http.ts'
import { applyExtra } from '../src/mirror.ts'
import { dismiss, enqueue, OUTBOX_LIMIT, requeue } from '../src/outbox.ts'
import { createOutboxSender, type OutboxSender, SETTLE_MS } from '../src/outbox-sender.ts'
import { outboxView, readThread, readThreads, unreadCounts } from '../src/queries.ts'
import { noTables, readSmallTables } from '../src/small-tables.ts'
import { MirrorDb } from '../src/tables.ts'
import { failure, json, type MailServer, startMailServer } from './support/mail-server.ts'
import { label, message, threadOf } from './support/rows.ts'
import { until } from './support/until.ts'
import { type TestWorld, testWorld } from './support/worlds.ts'

let db: MirrorDb
let server: MailServer
let world: TestWorld
let sender: OutboxSender
let signedOut: boolean
let ids: number
let seq: number

beforeEach(async () => {
  server = await startMailServer()
  world = testWorld()
  db = new MirrorDb('u1', { indexedDB: new IDBFactory(), IDBKeyRange })
  signedOut = false
  ids = 0
  seq = 0
  await openFeed(db, 'e')
  await db.labels.bulkAdd([
    { ...label('inbox', { role: 'inbox', unread: 1 }), seq: 1 },
    { ...label('trash', { role: 'trash' }), seq: 1 },
    { ...label('unread', { role: 'unread', unread: 1 }), seq: 1 },
  ])
  await arrive(message('m1', { unread: true, labelIds: ['inbox', 'unread'] }))
  start()
})
afterEach(async () => {
  sender.stop()
  db.close()
  await server.close()
})

function start() {
  const http = createHttp({ baseUrl: server.url, fetch, world })
  sender = createOutboxSender({ db, http, world, onSignedOut: () => (signedOut = true) })
}
async function arrive(row: ReturnType<typeof message>) {
  const thread = threadOf([row])
  await applyExtra(
    db,
    'e',
    [
      { kind: 'message', op: 'upsert', id: row.id, seq: ++seq, row },
      { kind: 'thread', op: 'upsert', id: thread.id, seq: ++seq, row: thread },
    ],
    world.now(),
  )
}
async function mutate(body: MutationBody): Promise<string> {
  const clientId = `client-${++ids}`
  await enqueue(db, body, { clientId, now: world.now() })
  sender.kick()
  return clientId
}
const small = () => readSmallTables(db, noTables)
const states = async () => (await db.outbox.orderBy('position').toArray()).map(row => row.state)
const read: MutationBody = { type: 'read', messageIds: ['m1'], read: true }
const unread: MutationBody = { type: 'read', messageIds: ['m1'], read: false }
const sent = () => server.mutations.map(mutation => mutation.clientId)

describe('what a person sees of a change at once', () => {
  it('shows over the message, its thread and the counts, and leaves the mirror as the server has it', async () => {
    sender.stop()
    await mutate(read)
    const { thread, messages } = await readThread(db, 't-m1')
    expect(messages[0]).toMatchObject({ unread: false, pending: true, labelIds: ['inbox'] })
    expect(thread).toMatchObject({ unreadCount: 0, pending: true })
    expect(unreadCounts(await small())).toEqual({
      labels: { inbox: 0, trash: 0, unread: 0 },
      roles: { inbox: 0, trash: 0, unread: 0 },
      accounts: { a1: 0 },
    })
    expect((await db.messages.get('m1'))?.unread).toBe(true)
  })

  it('takes a thread out of one list and into another', async () => {
    sender.stop()
    await mutate({ type: 'trash', messageIds: ['m1'] })
    expect((await readThreads(db, await small(), { role: 'inbox' }, 10)).threads).toEqual([])
    expect((await readThreads(db, await small(), { role: 'trash' }, 10)).threads.map(({ id }) => id)).toEqual(
      ['t-m1'],
    )
    expect((await readThreads(db, await small(), { role: 'inbox', unreadOnly: true }, 10)).threads).toEqual(
      [],
    )
  })
})

describe('the outbox', () => {
  it('sends in order, and forgets a change when the feed brings it', async () => {
    const first = await mutate(read)
    const second = await mutate({ type: 'archive', messageIds: ['m1'] })
    await until('both are done', async () => (await states()).join() === 'done,done')
    expect(sent()).toEqual([first, second])
    await db.messages.update('m1', { unread: false, labelIds: [], seq: 50 })
    sender.kick()
    await until('it is empty', async () => (await db.outbox.count()) === 0)
  })

  it('does not let go of the second half of "read, then unread" before the first', async () => {
    server.judge(() => ({ state: 'pending', error: null }))
    await mutate(read)
    await mutate(unread)
    await until('both are taken on', async () => (await states()).join() === 'accepted,accepted')
    expect((await readThread(db, 't-m1')).messages[0]?.unread).toBe(true)
  })

  it('lets go of a done change after a minute even if the feed never mentions its row', async () => {
    await mutate(read)
    await until('it is done', async () => (await states()).join() === 'done')
    const doneAt = world.now()
    await world.passUntil('it is empty', async () => (await db.outbox.count()) === 0, 1_000)
    expect(world.now() - doneAt).toBeGreaterThanOrEqual(SETTLE_MS)
  })

  it('shows what the feed says after done, also when that contradicts the change', async () => {
    await mutate(read)
    await until('it is done', async () => (await states()).join() === 'done')
    await arrive(message('m1', { unread: true, labelIds: ['inbox', 'unread'], snippet: 'later' }))
    sender.kick()
    await until('it is empty', async () => (await db.outbox.count()) === 0)
    expect((await readThread(db, 't-m1')).messages[0]).toMatchObject({ unread: true, pending: false })
  })

  it('tries again when the server cannot be reached, with the same client id', async () => {
    server.intercept('mutations', (_, response) => failure(response, 503, 'unavailable'))
    const id = await mutate(read)
    await until('it was refused', () => server.requests('mutations').length === 1)
    server.intercept('mutations', null)
    await world.passUntil('it is sent', () => sent().length === 1)
    expect(sent()).toEqual([id])
  })

  it('takes a failed change back, names the error, and can send it again as a new one', async () => {
    server.judge(() => ({ state: 'failed', error: { code: 'not_found', message: 'The message is gone.' } }))
    const id = await mutate(read)
    await until('it failed', async () => (await states()).join() === 'failed')
    expect((await readThread(db, 't-m1')).messages[0]).toMatchObject({ unread: true, pending: false })
    expect(outboxView(await small()).failed[0]).toMatchObject({ clientId: id, error: { code: 'not_found' } })
    server.judge(() => ({ state: 'done', error: null }))
    await requeue(db, id, { clientId: 'client-again', now: world.now() })
    sender.kick()
    await until('it is sent', () => sent().length === 2)
    expect(sent()[1]).toBe('client-again')
  })

  it('never repeats a send whose answer was lost: a person decides', async () => {
    server.judge(({ body }) => ({ state: body.type === 'send' ? 'unknown' : 'done', error: null }))
    const message = {
      accountId: 'a1',
      to: [],
      cc: [],
      bcc: [],
      subject: 's',
      text: 't',
      html: null,
      inReplyTo: null,
    }
    const id = await mutate({ type: 'send', message })
    await until('it is unknown', async () => (await states()).join() === 'unknown')
    world.advance(600_000)
    sender.kick()
    await mutate(read)
    await until('the next one is sent', () => sent().length === 2)
    expect(sent().filter(each => each === id)).toHaveLength(1)
    await dismiss(db, id)
    expect(outboxView(await small()).failed).toEqual([])
  })

  it('finds the one change that the server refuses, and sends its neighbours', async () => {
    server.intercept('mutations', (request, response) => {
      let text = ''
      request.on('data', chunk => {
        text += chunk
      })
      request.on('end', () => {
        if (text.includes('"untrash"')) return failure(response, 400, 'bad_request')
        const { mutations } = JSON.parse(text) as { mutations: { clientId: string }[] }
        server.mutations.push(...(mutations as typeof server.mutations))
        json(response, {
          results: mutations.map(({ clientId }) => ({ clientId, state: 'done', error: null })),
        })
      })
    })
    const now = world.now()
    await enqueue(db, read, { clientId: 'client-a', now })
    await enqueue(db, { type: 'untrash', messageIds: ['m1'] }, { clientId: 'client-b', now })
    await enqueue(db, { type: 'archive', messageIds: ['m1'] }, { clientId: 'client-c', now })
    sender.kick()
    await until('all are judged', async () => (await states()).join() === 'done,failed,done')
    expect(sent()).toEqual(['client-a', 'client-c'])
  })

  it('asks again after a change that the server took on and has not carried out', async () => {
    server.judge(() => ({ state: 'pending', error: null }))
    await mutate(read)
    await until('it is taken on', async () => (await states()).join() === 'accepted')
    server.judge(() => ({ state: 'done', error: null }))
    await world.passUntil('it is done', async () => (await states()).join() === 'done')
  })

  it('survives a reload and a reset of the mirror', async () => {
    sender.stop()
    const id = await mutate(read)
    await resetFeed(db, 'e', 'e2')
    start()
    sender.kick()
    await until('it is sent', () => sent().length === 1)
    expect(sent()).toEqual([id])
  })

  it('stops and says so when the session is over', async () => {
    server.intercept('mutations', (_, response) => failure(response, 401, 'unauthorized'))
    await mutate(read)
    await until('it says so', () => signedOut)
    expect(await states()).toEqual(['queued'])
  })

  it('refuses what cannot be sent, and more than its limit, in words', async () => {
    await expect(mutate({ type: 'read', messageIds: [], read: true })).rejects.toThrow(/messageIds/)
    sender.stop()
    const row = {
      body: read,
      patches: {},
      state: 'queued' as const,
      createdAt: 0,
      attempts: 0,
      error: null,
      seqsAtDone: null,
      settleBy: null,
    }
    await db.outbox.bulkAdd(
      Array.from({ length: OUTBOX_LIMIT }, (_, i) => ({ ...row, clientId: `full-${i}` })),
    )
    await expect(mutate(read)).rejects.toThrow(/2000 changes already wait/)
  })
})
