import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { ImapFlow } from 'imapflow'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

const raw = (subject: string) =>
  `From: bo@example.org\r\nTo: ann@inlet.test\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n`

describe('the Dovecot that tests stand on', () => {
  let dovecot: DovecotServer
  beforeAll(async () => {
    dovecot = await startDovecot({ users: ['ann@inlet.test', 'bo@inlet.test'] })
  })
  afterAll(() => dovecot?.stop())

  test('stores, moves, flags, recreates and gives another UIDVALIDITY', async () => {
    const mailbox = dovecot.mailbox()
    const date = new Date('2026-11-02T10:00:00Z')
    const first = await mailbox.append(raw('one'), { flags: ['\\Seen'], date })
    const second = await mailbox.append(raw('two'))
    expect(second.uid).toBe(first.uid + 1)
    const moved = await mailbox.move('INBOX', [first.uid], 'Archive')
    expect(await mailbox.uids('INBOX')).toEqual([second.uid])
    expect(await mailbox.uids('Archive')).toEqual([...moved.values()])
    const { before, after } = await mailbox.recreate('Archive')
    expect(after).not.toBe(before)
    expect(await mailbox.uids('Archive')).toHaveLength(1)
    await dovecot.setUidValidity('INBOX', 77)
    expect((await mailbox.append(raw('three'))).uidValidity).toBe(77n)
    await mailbox.expunge('INBOX', [second.uid])
    expect(await mailbox.uids('INBOX')).toHaveLength(1)
    const roles = (await mailbox.folders()).map(({ path, specialUse }) => `${path} ${specialUse}`)
    expect(roles).toContain('Drafts \\Drafts')
    expect(roles).toContain('Sent \\Sent')
  })

  test('keeps mailboxes apart and its mail across a restart, under the same ports', async () => {
    const mailbox = dovecot.mailbox('bo@inlet.test')
    await mailbox.append(raw('kept'))
    await dovecot.halt()
    await expect(mailbox.uids('INBOX')).rejects.toThrow()
    await dovecot.start()
    expect(await mailbox.uids('INBOX')).toHaveLength(1)
    expect(await dovecot.log()).toContain('bo@inlet.test')
  })

  test('answers nobody while it is paused, and everybody afterwards', async () => {
    const client = (greetingTimeout: number) => {
      const made = new ImapFlow({
        host: '127.0.0.1',
        port: dovecot.port,
        secure: false,
        doSTARTTLS: false,
        auth: { user: 'ann@inlet.test', pass: dovecot.passwordOf('ann@inlet.test') },
        logger: false,
        greetingTimeout,
      })
      made.on('error', () => {})
      return made
    }
    const before = client(10_000)
    await before.connect()
    dovecot.pause()
    const asked = before.noop()
    await expect(client(200).connect()).rejects.toMatchObject({ code: 'GREETING_TIMEOUT' })
    dovecot.resume()
    await asked
    await before.logout()
  })

  test.each([
    ['maildir', '/'],
    ['sdbox', '.'],
  ] as const)('hides what it is told to hide (%s, separator %s)', async (format, separator) => {
    const hidden = await startDovecot({
      format,
      separator,
      hide: ['QRESYNC', 'CONDSTORE', 'IDLE', 'MOVE', 'UIDPLUS'],
    })
    onTestFinished(() => hidden.stop())
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: hidden.port,
      secure: false,
      auth: { user: 'ann@inlet.test', pass: hidden.passwordOf('ann@inlet.test') },
      tls: { ca: hidden.certificate, servername: 'localhost' },
      logger: false,
    })
    client.on('error', () => {})
    await client.connect()
    expect(client.secureConnection).toBe(true)
    const capabilities = [...client.capabilities.keys()]
    expect(capabilities).toContain('ESEARCH')
    for (const name of ['QRESYNC', 'CONDSTORE', 'IDLE', 'MOVE', 'UIDPLUS'])
      expect(capabilities).not.toContain(name)
    const folder = ['Projects', 'Größe'].join(separator)
    await hidden.mailbox().create(folder)
    expect((await client.list()).map(({ path }) => path)).toContain(folder)
    await client.logout()
  })

  test('shows an expired certificate when it is asked to', async () => {
    const expired = await startDovecot({ certificateExpired: true })
    onTestFinished(() => expired.stop())
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: expired.tlsPort,
      secure: true,
      servername: 'localhost',
      tls: { ca: expired.certificate },
      auth: { user: 'ann@inlet.test', pass: 'x' },
      logger: false,
    })
    client.on('error', () => {})
    await expect(client.connect()).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' })
  })
})
