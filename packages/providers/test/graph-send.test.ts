import type { OutgoingMail, ProviderMutation } from '@inlet/sync/provider-port'
import { sampleMail } from '@inlet/testkit/contract/provider-sample'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGraph } from '../src/graph.ts'
import { proxyFor } from './graph-proxy.ts'
import { type GraphWorld, graphConfig, graphWorld, type OutlookAccount } from './graph-world.ts'

const never = new AbortController().signal

describe('sending through Outlook', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterEach(() => world.calm())
  afterAll(() => world.close())

  const mail = ({ conn }: OutlookAccount, more: Partial<OutgoingMail> = {}): OutgoingMail => ({
    from: { name: 'Me', email: conn.email },
    to: [{ name: 'Zoë', email: 'zoe@example.test' }],
    cc: [],
    bcc: [],
    subject: 'Hello',
    text: 'Hello.',
    html: null,
    threadId: null,
    inReplyTo: null,
    references: [],
    ...more,
  })
  const change = (
    type: 'draft' | 'send',
    account: OutlookAccount,
    clientId: string,
    more: Partial<OutgoingMail> = {},
  ): ProviderMutation => ({ type, clientId, mail: mail(account, more) })
  const sentTo = (account: OutlookAccount) => account.mailbox.inFolder('sentitems')

  test.each([
    ['lost with the connection', { kind: 'lost' as const }],
    ['lost behind a gateway', { kind: 'lost' as const, status: 504 }],
  ])('an answer %s is looked up: sent once, and known', async (_how, fault) => {
    const account = await world.newAccount()
    world.sandbox.control.addFault({ ...fault, match: { path: '/v1.0/me/messages/*/send' }, count: 1 })
    const outcome = await world.port.mutate(account.conn, change('send', account, 'lost'), never)
    expect(outcome.state).toBe('done')
    expect(await world.restarted().mutate(account.conn, change('send', account, 'lost'), never)).toEqual(
      outcome,
    )
    expect(sentTo(account)).toHaveLength(1)
  })

  test('an answer that never comes, of a send that was not carried out, is unknown, and is never repeated by itself', async () => {
    const account = await world.newAccount()
    const here = await proxyFor(world.sandbox.url, ({ path }) =>
      path.endsWith('/send') ? { status: 504 } : undefined,
    )
    const port = createGraph(graphConfig(world.sandbox, { graphBaseUrl: here.url }))
    const outcome = await port.mutate(account.conn, change('send', account, 'held'), never)
    expect(outcome).toMatchObject({ state: 'unknown' })
    expect(here.seen.filter(({ path }) => path.endsWith('/send'))).toHaveLength(1)
    expect(sentTo(account)).toHaveLength(0)
    // A person who decides to go on sends the same draft.
    expect(
      await world.restarted().mutate(account.conn, change('send', account, 'held'), never),
    ).toMatchObject({
      state: 'done',
    })
    expect(sentTo(account)).toHaveLength(1)
    expect(await account.drafts()).toEqual([])
  })

  test('a draft whose answer was lost is found again, not made twice', async () => {
    const account = await world.newAccount()
    const match = { path: '/v1.0/me/messages', method: 'POST' }
    world.sandbox.control.addFault({ kind: 'lost', match, count: 1 })
    const outcome = await world.port.mutate(account.conn, change('send', account, 'made'), never)
    expect(outcome.state).toBe('done')
    expect(sentTo(account)).toHaveLength(1)
    expect(await account.drafts()).toEqual([])
  })

  test('what waits in the Outbox counts as sent', async () => {
    const account = await world.newAccount()
    world.sandbox.control.addFault({ kind: 'send.lag', ms: 60_000, count: 1 })
    const first = await world.port.mutate(account.conn, change('send', account, 'slow'), never)
    expect(account.mailbox.inFolder('outbox')).toHaveLength(1)
    expect(await world.restarted().mutate(account.conn, change('send', account, 'slow'), never)).toEqual(
      first,
    )
    expect(account.mailbox.inFolder('outbox')).toHaveLength(1)
  })

  test('a sent copy whose Message-ID was replaced is found by its header', async () => {
    const account = await world.newAccount()
    const first = await world.port.mutate(account.conn, change('send', account, 'renamed'), never)
    const [copy] = sentTo(account)
    if (!copy) throw new Error('nothing was sent')
    const raw = account.mailbox
      .raw(copy)
      .toString()
      .replace(/^Message-ID: .*$/im, 'Message-ID: <other@exchange.test>')
    account.mailbox.rewrite(copy, Buffer.from(raw))
    expect(await world.restarted().mutate(account.conn, change('send', account, 'renamed'), never)).toEqual(
      first,
    )
    expect(sentTo(account)).toHaveLength(1)
  })

  test('a draft is sent as what it then is, and is a draft no more', async () => {
    const account = await world.newAccount()
    const drafted = await world.port.mutate(
      account.conn,
      change('draft', account, 'one', { text: 'First.' }),
      never,
    )
    const sent = await world
      .restarted()
      .mutate(account.conn, change('send', account, 'one', { text: 'Last.' }), never)
    expect(sent).toEqual(drafted)
    expect(await account.drafts()).toEqual([])
    expect((await account.sent())[0]).toContain('Last.')
  })

  test('a draft that the person threw away is made anew', async () => {
    const account = await world.newAccount()
    await world.port.mutate(account.conn, change('draft', account, 'thrown'), never)
    const [draft] = account.mailbox.inFolder('drafts')
    if (draft) account.mailbox.move([draft], 'deleteditems')
    await world.restarted().mutate(account.conn, change('draft', account, 'thrown'), never)
    expect(await account.drafts()).toHaveLength(1)
  })

  test('a refusal for good says so, and leaves the text among the drafts', async () => {
    const account = await world.newAccount()
    const from = { name: '', email: 'somebody.else@example.test' }
    await expect(
      world.port.mutate(account.conn, change('send', account, 'as other', { from }), never),
    ).rejects.toMatchObject({ kind: 'permanent' })
    expect(sentTo(account)).toHaveLength(0)
    expect(await account.drafts()).toHaveLength(1)
  })

  test('a cap on sending does not hold up reading', async () => {
    const account = await world.newAccount()
    const match = { path: '/v1.0/me/messages/*/send' }
    world.sandbox.control.addFault({ kind: 'status', match, status: 429, retryAfter: 3_600 })
    await expect(
      world.port.mutate(account.conn, change('send', account, 'capped'), never),
    ).rejects.toMatchObject({ kind: 'rate_limited' })
    expect((await world.port.labels(account.conn, never)).length).toBeGreaterThan(0)
  })

  test('an answer is made from the message it answers, with its own text and recipients', async () => {
    const account = await world.newAccount()
    const id = await account.deliver(sampleMail({ subject: 'A question', messageId: '<asked@example.test>' }))
    const asked = account.item(id)
    const { messageId } = (await world.port.mutate(
      account.conn,
      change('send', account, 'answer', {
        subject: 'Re: A question',
        inReplyTo: '<asked@example.test>',
        html: '<p>An answer.</p>',
      }),
      never,
    )) as { messageId: string }
    const answer = account.item(messageId)
    expect(answer).toMatchObject({ folder: 'sentitems', threadId: asked.threadId })
    const raw = account.mailbox.raw(answer).toString()
    expect(raw).toMatch(/^In-Reply-To: <asked@example.test>$/im)
    expect(raw).toContain('zoe@example.test')
    expect(raw).not.toContain('ada@example.test')
    expect(raw).toContain('An answer.')
    expect(raw).not.toContain('Text of sample')
  })
})
