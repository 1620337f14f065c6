import type { ProviderError } from '@inlet/sync/provider-errors'
import type { OutgoingMail, ProviderMutation, PulledMessage } from '@inlet/sync/provider-port'
import { expect, test } from 'vitest'
import { caught, kindOf } from './provider-failures.ts'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'
import type { TestAccount } from './provider-world.ts'

/** A body as text, whatever form the provider gave it. */
/** A body as text, whatever form the provider gave it. */
function readable(body: PulledMessage['body']): string {
  const html = (body?.html ?? '').replace(/\s*<br[^>]*>\s*/g, '\n').replace(/<[^>]*>/g, '')
  return (body?.text ?? html).replaceAll('\r\n', '\n').trim()
}

export function sendContract(stage: Stage): void {
  const { message } = stage

  const mail = (account: TestAccount, more: Partial<OutgoingMail> = {}): OutgoingMail => ({
    from: { name: 'Me, Myself', email: account.conn.email },
    to: [{ name: 'Zoë', email: 'zoe@example.test' }],
    cc: [],
    bcc: [{ name: '', email: 'hidden@example.test' }],
    subject: 'Grüße aus Köln',
    text: 'Hello.\n\nBye.',
    html: null,
    threadId: null,
    inReplyTo: null,
    references: [],
    ...more,
  })
  const send = (
    account: TestAccount,
    clientId: string,
    more: Partial<OutgoingMail> = {},
  ): ProviderMutation => ({
    type: 'send',
    clientId,
    mail: mail(account, more),
  })

  test('files one copy under sent, whose id is the answer', async () => {
    const account = await stage.newAccount()
    const outcome = await stage.port.mutate(account.conn, send(account, 'client-id-1'), never)
    const sent = await account.sent()
    expect(sent).toHaveLength(1)
    if (outcome.state !== 'done' || outcome.messageId === null)
      throw new Error(`not sent: ${JSON.stringify(outcome)}`)
    const filed = await message(account, outcome.messageId)
    expect(filed).toMatchObject({
      subject: 'Grüße aus Köln',
      to: [{ name: 'Zoë', email: 'zoe@example.test' }],
    })
    expect(filed.from).toEqual({ name: 'Me, Myself', email: account.conn.email })
    expect(readable(filed.body)).toBe('Hello.\n\nBye.')
    expect(sent[0]).not.toContain('client-id-1')
  })

  if (!stage.traits.inMemory)
    test('reaches hidden recipients too, and nobody else is told of them', async () => {
      const [account, open, hidden] = [
        await stage.newAccount(),
        await stage.newAccount(),
        await stage.newAccount(),
      ]
      const change = send(account, 'client-id-bcc', {
        to: [{ name: '', email: open.conn.email }],
        bcc: [{ name: '', email: hidden.conn.email }],
      })
      await stage.port.mutate(account.conn, change, never)
      expect((await stage.port.counts(hidden.conn, null, never)).messages).toBe(1)
      const received = await open.received()
      expect(received).toHaveLength(1)
      expect(received[0]).not.toContain(hidden.conn.email)
    })

  test('twice with one client id sends once: in a row, at the same time, and from a new process', async () => {
    const account = await stage.newAccount()
    const change = send(account, 'client-id-2')
    const first = await stage.port.mutate(account.conn, change, never)
    expect(await stage.port.mutate(account.conn, change, never)).toEqual(first)
    expect(await stage.world.restarted().mutate(account.conn, change, never)).toEqual(first)
    expect(await account.sent()).toHaveLength(1)
    const other = send(account, 'client-id-3')
    await Promise.all([
      stage.port.mutate(account.conn, other, never),
      stage.port.mutate(account.conn, other, never),
    ])
    expect(await account.sent()).toHaveLength(2)
  })

  test('with different client ids sends each, and a known first attempt needs no look-up', async () => {
    const account = await stage.newAccount()
    await stage.port.mutate(
      account.conn,
      { ...send(account, 'client-id-4'), again: false } as ProviderMutation,
      never,
    )
    await stage.port.mutate(
      account.conn,
      { ...send(account, 'client-id-5'), again: false } as ProviderMutation,
      never,
    )
    expect(await account.sent()).toHaveLength(2)
  })

  if (!stage.traits.inMemory)
    test.each(['garbled', 'late'] as const)(
      'whose answer is lost (%s) never sends twice, and its end is known or said to be unknown',
      async how => {
        const account = await stage.newAccount()
        const change = send(account, `client-id-lost-${how}`)
        account.fault.loseSendAnswer(how)
        const outcome = await (how === 'late' ? stage.world.impatient : stage.port).mutate(
          account.conn,
          change,
          never,
        )
        expect(['done', 'unknown']).toContain(outcome.state)
        stage.world.calm()
        const again = await stage.world.restarted().mutate(account.conn, change, never)
        expect(stage.traits.sendsBlindly ? ['done', 'unknown'] : ['done']).toContain(again.state)
        expect(await account.sent()).toHaveLength(1)
      },
    )

  test('that was refused can be repeated', async () => {
    const account = await stage.newAccount()
    const change = send(account, 'client-id-6')
    account.fault.refuseSend()
    const refused = await caught(stage.port.mutate(account.conn, change, never))
    expect(['transient', 'rate_limited']).toContain((refused as ProviderError).kind)
    expect(await account.sent()).toEqual([])
    stage.world.calm()
    expect(await stage.world.restarted().mutate(account.conn, change, never)).toMatchObject({ state: 'done' })
    expect(await account.sent()).toHaveLength(1)
  })

  test('answers in the thread, with the headers that threading needs', async () => {
    const account = await stage.newAccount()
    const id = await account.deliver(
      sampleMail({
        subject: 'A question',
        messageId: '<question@example.test>',
        references: '<older@example.test>',
      }),
    )
    const asked = await message(account, id)
    const outcome = await stage.port.mutate(
      account.conn,
      send(account, 'client-id-7', {
        subject: 'Re: A question',
        threadId: asked.threadId,
        inReplyTo: '<question@example.test>',
        references: ['<older@example.test>', '<question@example.test>'],
      }),
      never,
    )
    if (outcome.state !== 'done' || outcome.messageId === null) throw new Error('not sent')
    expect(await message(account, outcome.messageId)).toMatchObject({
      threadId: asked.threadId,
      inReplyTo: '<question@example.test>',
      references: expect.arrayContaining(['<question@example.test>']),
    })
  })

  if (!stage.traits.threadsByHeaders)
    test('goes to the thread that was named, whatever its headers would suggest', async () => {
      const account = await stage.newAccount()
      const asked = await message(account, await account.deliver(sampleMail({ subject: 'A question' })))
      const change = send(account, 'client-id-10', { subject: 'Another matter', threadId: asked.threadId })
      const outcome = await stage.port.mutate(account.conn, change, never)
      if (outcome.state !== 'done' || outcome.messageId === null) throw new Error('not sent')
      expect((await message(account, outcome.messageId)).threadId).toBe(asked.threadId)
    })

  test('without a recipient is refused for good', async () => {
    const account = await stage.newAccount()
    expect(
      await kindOf(stage.port.mutate(account.conn, send(account, 'client-id-8', { to: [], bcc: [] }), never)),
    ).toBe('permanent')
  })

  test('keeps one draft for one client id, with its newest text', async () => {
    const account = await stage.newAccount()
    const draft = (text: string): ProviderMutation => ({
      type: 'draft',
      clientId: 'client-id-9',
      mail: mail(account, { text }),
    })
    await stage.port.mutate(account.conn, draft('First words.'), never)
    await stage.port.mutate(account.conn, draft('Second thoughts.'), never)
    const outcome = await stage.world.restarted().mutate(account.conn, draft('Last words.'), never)
    const drafts = await account.drafts()
    expect(drafts).toHaveLength(1)
    expect(drafts[0]).toContain('Last words.')
    if (outcome.state !== 'done' || outcome.messageId === null) throw new Error('no draft')
    expect(await message(account, outcome.messageId)).toMatchObject({ draft: true })
    expect(await account.sent()).toEqual([])
  })
}
