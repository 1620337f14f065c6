import type { Fetched } from '@inlet/sync/provider-port'
import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGraph } from '../src/graph.ts'
import { proxyFor, type Seen } from './graph-proxy.ts'
import { type GraphWorld, graphConfig, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal

describe('fetching from Outlook', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterEach(() => {
    world.calm()
    world.sandbox.control.microsoft.configureLimits({})
  })
  afterAll(() => world.close())

  const read = async ({ conn }: OutlookAccount, ids: string[], port = world.port) => {
    const outcomes: Fetched[] = []
    const options = { bodies: true, priority: 'live' } as const
    try {
      for await (const each of port.fetch(conn, '', ids, options, never)) outcomes.push(each)
      return { outcomes, error: null }
    } catch (error) {
      return { outcomes, error }
    }
  }
  const deliver = (account: OutlookAccount, count: number) =>
    Promise.all(Array.from({ length: count }, () => account.deliver(sampleMail())))

  test('one bad message among many is told as failed, and the others are read', async () => {
    const account = await world.newAccount()
    const ids = await deliver(account, 45)
    const [bad = '', gone = ''] = [ids[3], ids[30]]
    account.fault.breakItem(bad)
    await account.delete(gone)
    const { outcomes, error } = await read(account, [...ids, ids[0] ?? ''])
    expect(error).toBeNull()
    expect(outcomes.map(each => each.id).sort()).toEqual([...ids].sort())
    expect(outcomes.filter(each => each.outcome !== 'message').map(each => [each.id, each.outcome])).toEqual(
      expect.arrayContaining([
        [bad, 'failed'],
        [gone, 'missing'],
      ]),
    )
    expect(outcomes.filter(each => each.outcome === 'message')).toHaveLength(43)
  })

  test('a part that was refused as too fast halts the rest, for all of its Retry-After', async () => {
    const account = await world.newAccount()
    const ids = await deliver(account, 30)
    const path = `/v1.0/me/messages/${ids[5]}`
    world.sandbox.control.addFault({ kind: 'status', match: { path }, status: 429, retryAfter: 600 })
    const port = world.restarted()
    const before = Date.now()
    const { outcomes, error } = await read(account, ids, port as typeof world.port)
    expect(error).toMatchObject({ kind: 'rate_limited' })
    expect((error as { retryAt: number }).retryAt).toBeGreaterThanOrEqual(before + 600_000)
    // What came with the same answer is told; nobody was judged by the refusal.
    expect(outcomes.map(each => each.outcome)).toEqual(Array.from({ length: 19 }, () => 'message'))
    world.calm()
    await expect(port.labels(account.conn, never)).rejects.toMatchObject({ kind: 'rate_limited' })
  })

  test('is never refused for having too much under way, whoever asks at the same time', async () => {
    const account = await world.newAccount()
    const ids = await deliver(account, 60)
    const { microsoft } = world.sandbox.control
    microsoft.configureLimits({ enabled: true, serviceMs: 1 })
    const refused = () => (microsoft.state() as { limits: { refused: number } }).limits.refused
    const before = refused()
    const results = await Promise.all([
      read(account, ids.slice(0, 30)),
      read(account, ids.slice(30)),
      ...ids.slice(0, 10).map(id => world.port.body(account.conn, id, never)),
      world.port.mutate(account.conn, { type: 'read', messageIds: ids, read: true }, never),
      world.port.labels(account.conn, never),
    ])
    expect(results.slice(0, 2).map(each => (each as { error: unknown }).error)).toEqual([null, null])
    expect(refused()).toBe(before)
  })

  test('what lies where no person sees it is missing, and a folder made since is not', async () => {
    const account = await world.newAccount()
    const [purged = '', filed = ''] = await deliver(account, 2)
    await world.port.labels(account.conn, never)
    account.mailbox.move([account.item(purged)], 'recoverableitemsdeletions')
    const folder = await account.makeLabel('Made since')
    await account.relabel(filed, { add: [folder] })
    const { outcomes } = await read(account, [purged, filed])
    expect(outcomes).toMatchObject([
      { id: purged, outcome: 'missing' },
      { id: filed, outcome: 'message', message: { labelIds: [folder] } },
    ])
  })

  test('many from one place that nobody sees ask for the folders once', async () => {
    const account = await world.newAccount()
    const ids = await deliver(account, 25)
    for (const id of ids) account.mailbox.move([account.item(id)], 'recoverableitemsdeletions')
    const here = await proxyFor(world.sandbox.url)
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    await port.labels(account.conn, never)
    const before = here.seen.length
    const { outcomes } = await read(account, ids, port)
    expect(new Set(outcomes.map(each => each.outcome))).toEqual(new Set(['missing']))
    const asked = here.seen.slice(before).filter(({ path }) => path.includes('/mailFolders/delta'))
    expect(asked).toHaveLength(1)
  })

  test('an account without a mailbox is told as such, not message by message', async () => {
    const account = await world.newAccount()
    const ids = await deliver(account, 3)
    world.sandbox.control.addFault({ kind: 'status', status: 404, reason: 'MailboxNotEnabledForRESTAPI' })
    const { outcomes, error } = await read(account, ids)
    expect(outcomes).toEqual([])
    expect(error).toMatchObject({ kind: 'permanent', message: expect.stringContaining('licence') })
  })

  test('a batch whose answer cannot be read is asked for message by message', async () => {
    const account = await world.newAccount()
    const ids = await deliver(account, 4)
    const isLarge = ({ path, body }: Seen) =>
      path === '/v1.0/$batch' &&
      body.includes('internetMessageHeaders') &&
      JSON.parse(body).requests.length > 1
    const here = await proxyFor(world.sandbox.url, seen => (isLarge(seen) ? { status: 200 } : undefined))
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    const { outcomes } = await read(account, ids, port)
    expect(outcomes.map(each => each.outcome)).toEqual(['message', 'message', 'message', 'message'])
  })

  test('every request asks for ids that survive a move', async () => {
    const account = await world.newAccount(20)
    const here = await proxyFor(world.sandbox.url)
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    const { conn, ids } = account
    const inbox = ids.inbox
    const cursor = await port.currentCursor(conn, inbox, never)
    const id = await account.deliver(sampleMail({ parts: true }))
    for await (const _page of port.pull(conn, inbox, cursor, never));
    const { items } = await port.list(conn, inbox, 'all', null, never)
    expect(items[0]?.id).toBe(id)
    const { outcomes } = await read(account, [id], port)
    const part = outcomes[0]?.outcome === 'message' ? outcomes[0].message.attachments[0]?.partId : ''
    await port.body(conn, id, never)
    await port.attachment(conn, id, part ?? '', never)
    await port.counts(conn, null, never)
    for (const type of ['archive', 'trash', 'untrash'] as const)
      await port.mutate(conn, { type, messageIds: [id] }, never)
    const mail = {
      from: { name: '', email: conn.email },
      to: [{ name: '', email: 'zoe@example.test' }],
      cc: [],
      bcc: [],
      subject: 'Hello',
      text: 'Hello',
      html: null,
      threadId: null,
      inReplyTo: null,
      references: [],
    }
    await port.mutate(conn, { type: 'draft', clientId: 'one', mail }, never)
    await port.mutate(conn, { type: 'send', clientId: 'one', mail }, never)
    const request = { secret: 'secret', callbackUrl: world.callbackUrl, current: null }
    const grant = await port.watch(conn, inbox, request, never)
    if (grant) await port.unwatch(conn, grant, never)
    expect(here.seen.length).toBeGreaterThan(20)
    for (const { method, path, headers, body } of here.seen) {
      expect([method, path, headers.prefer]).toEqual([method, path, expect.stringContaining('ImmutableId')])
      if (!path.endsWith('/$batch')) continue
      for (const each of JSON.parse(body).requests) expect(each.headers.Prefer).toContain('ImmutableId')
    }
  })
})
