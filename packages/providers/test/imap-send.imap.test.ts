import type { OutgoingMail } from '@inlet/sync/provider-port'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { flagsOf } from '../src/imap/places.ts'
import { createPool, type Pool } from '../src/imap/pool.ts'
import { type Outgoing, saveDraft, sendMail } from '../src/imap/send.ts'
import { fakeSmtp, type SmtpScript } from './imap-fake-smtp.ts'
import { ANN, accessTo, atOf, worldFor } from './imap-world.ts'

const person = (email: string) => ({ name: '', email })
const MAIL: OutgoingMail = {
  from: { name: 'Ann Ångström', email: ANN },
  to: [person('to@example.org')],
  cc: [person('cc@example.org')],
  bcc: [person('hidden@example.org'), person('to@example.org')],
  subject: 'Grüße',
  text: 'Hello.\n.\n..two dots\n',
  html: null,
  threadId: null,
  inReplyTo: null,
  references: [],
}

describe.each([{ hide: [] }, { hide: ['UIDPLUS', 'QRESYNC'] }] as const)(
  'sending, with Sent on a server without $hide',
  ({ hide }) => {
    let dovecot: DovecotServer
    let pool: Pool
    let clientId = 0
    beforeAll(async () => {
      dovecot = await startDovecot({ hide })
    })
    beforeEach(async () => {
      clientId += 1
      pool = createPool(accessTo(dovecot), worldFor(dovecot))
      const old = await dovecot.mailbox().uids('Sent')
      if (old.length > 0) await dovecot.mailbox().expunge('Sent', old)
    })
    afterEach(() => pool?.close())
    afterAll(() => dovecot?.stop())

    const sending = async (script: SmtpScript = {}, host = 'localhost') => {
      const smtp = await fakeSmtp({ password: dovecot.passwordOf(ANN), ...script })
      const outgoing: Outgoing = {
        access: accessTo(dovecot, { smtp: { host, port: smtp.port, security: 'none' } }),
        from: worldFor(dovecot, { silenceMs: 1_000 }),
        sent: 'Sent',
        clientId: `client-${clientId}`,
        mail: MAIL,
      }
      return {
        smtp,
        outgoing,
        send: (more: Partial<Outgoing> = {}) => sendMail(atOf(pool), { ...outgoing, ...more }),
      }
    }
    const sent = async () => {
      const text = await dovecot.doveadm(
        '-f',
        'json',
        'fetch',
        '-u',
        ANN,
        'uid flags text',
        'mailbox',
        'Sent',
      )
      const rows = JSON.parse(text || '[]') as { uid: string; flags: string; text: string }[]
      return rows.map(({ flags, text: raw }) => ({
        flags: flagsOf(flags.split(' ')).join(' '),
        raw,
      }))
    }
    const lines = (text: string) => text.replace(/\r\n/g, '\n')

    test('everybody gets the bytes that lie in Sent, and nobody sees who was hidden', async () => {
      const { smtp, send } = await sending()
      const done = await send({ again: false })
      expect(done).toMatchObject({ state: 'done', refused: [] })
      expect(smtp.mails).toHaveLength(1)
      const [mail] = smtp.mails
      expect(mail?.from).toBe(ANN)
      expect(mail?.to).toEqual(['to@example.org', 'cc@example.org', 'hidden@example.org'])
      const wire = mail?.data.toString().replace(/^\.\./gm, '.') ?? ''
      expect(wire).not.toContain('hidden')
      const [copy, ...more] = await sent()
      expect(more).toEqual([])
      expect(copy?.flags).toBe('\\Seen')
      expect(lines(copy?.raw ?? '').trim()).toBe(lines(wire).trim())
    })

    test('a repeat finds what was sent and does not send it again', async () => {
      const { smtp, send } = await sending()
      const first = await send()
      const second = await send()
      expect(second).toEqual(first)
      expect(smtp.mails).toHaveLength(1)
      expect(await sent()).toHaveLength(1)
    })

    test.each([
      [
        'a refused recipient',
        { answer: (line: string) => (/^RCPT/.test(line) ? '550 no such user' : null) },
        'recipient_refused',
        'permanent',
      ],
      ['a refused message', { afterData: '554 looks like spam' }, 'message_refused', 'permanent'],
      [
        'a server that is busy',
        { answer: (line: string) => (/^MAIL/.test(line) ? '451 later' : null) },
        'server_unavailable',
        'transient',
      ],
      [
        'a connection cut before the message',
        { answer: (line: string) => (/^DATA/.test(line) ? 'cut' : null) },
        'connection_cut',
        'transient',
      ],
      ['a wrong password', { password: 'another' }, 'wrong_password', 'unauthorized'],
    ] as const)(
      '%s is told, leaves nothing in Sent, and may be tried again',
      async (_, script, code, kind) => {
        const { send } = await sending(script)
        const refused = await send().catch(error => error)
        expect([codeOf(refused), refused.kind]).toEqual([code, kind])
        expect(await sent()).toEqual([])
        const { smtp, send: again } = await sending()
        expect(await again()).toMatchObject({ state: 'done' })
        expect(smtp.mails).toHaveLength(1)
        expect(await sent()).toHaveLength(1)
      },
    )

    test.each(['cut', 'silent'] as const)(
      'an answer that is lost after the message (%s) is for a person to decide',
      async afterData => {
        const { smtp, send } = await sending({ afterData })
        expect(await send()).toMatchObject({ state: 'unknown' })
        expect(smtp.mails).toHaveLength(1)
        expect(await sent()).toMatchObject([{ flags: '\\Draft \\Seen' }])
        const { smtp: other, send: again } = await sending()
        expect(await again()).toMatchObject({ state: 'unknown' })
        expect(other.mails).toHaveLength(0)
      },
    )

    test('an address that cannot be reached is passed over for the next', async () => {
      const { outgoing, smtp } = await sending()
      const lookup = async () => ['127.255.255.254', '127.0.0.1']
      const from = { ...outgoing.from, lookup }
      expect(await sendMail(atOf(pool), { ...outgoing, from })).toMatchObject({ state: 'done' })
      expect(smtp.mails).toHaveLength(1)
    })

    test('who gives up before the message left leaves nothing in Sent', async () => {
      const { smtp, outgoing } = await sending({ answer: line => (/^MAIL/.test(line) ? 'silent' : null) })
      const stop = new AbortController()
      const asked = sendMail(atOf(pool, 'interactive', stop.signal), outgoing)
      await vi.waitFor(() => expect(smtp.lines.join()).toContain('MAIL FROM'), { timeout: 20_000 })
      expect(await sent()).toHaveLength(1)
      stop.abort(new Error('enough'))
      await expect(asked).rejects.toThrow('enough')
      expect(await sent()).toEqual([])
    })

    test('one refused recipient among others is told, the others get it', async () => {
      const { smtp, send } = await sending({
        answer: line => (/^RCPT.*cc@/.test(line) ? '550 5.1.1 no cc here' : null),
      })
      expect(await send()).toMatchObject({
        state: 'done',
        refused: [{ email: 'cc@example.org', said: expect.stringContaining('no cc here') }],
      })
      expect(smtp.mails[0]?.to).toEqual(['to@example.org', 'hidden@example.org'])
    })

    test('a host that keeps sent mail itself gets no second copy, and is believed', async () => {
      const { smtp, send } = await sending({}, 'smtp.gmail.com')
      expect(await send()).toMatchObject({ state: 'done', messageId: null })
      expect(await sent()).toEqual([])
      await dovecot.mailbox().append(smtp.mails[0]?.data ?? '', { folder: 'Sent', flags: ['\\Seen'] })
      expect(await send()).toMatchObject({ state: 'done', messageId: expect.stringMatching(/^H/) })
      expect(smtp.mails).toHaveLength(1)
    })

    test('a draft is one message, however often it is saved, with its hidden recipients', async () => {
      const { outgoing } = await sending()
      const draft = (text: string) =>
        saveDraft(atOf(pool), { ...outgoing, drafts: 'Drafts', mail: { ...MAIL, text } })
      // Of another length: two versions as long in one second count as one message (see identityOf).
      const first = await draft('one')
      const second = await draft('three')
      expect(second).not.toBe(first)
      await draft('three')
      const text = await dovecot.doveadm('fetch', '-u', ANN, 'flags text', 'mailbox', 'Drafts')
      expect(text.match(/^flags:/gm)).toHaveLength(1)
      expect(text).toContain('\\Draft')
      expect(text).toContain('three')
      expect(text).toContain('Bcc: hidden@example.org')
    })

    test('a mailbox that is full does not keep mail from leaving', async () => {
      const { smtp, send } = await sending()
      expect(await send({ sent: 'Nowhere' }).catch(error => codeOf(error))).toBe('folder_missing')
      expect(smtp.mails).toHaveLength(0)
      expect(await send({ sent: 'Nowhere', again: false })).toMatchObject({ state: 'done', messageId: null })
      expect(smtp.mails).toHaveLength(1)
    })
  },
)
