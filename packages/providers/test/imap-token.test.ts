import { ProviderError } from '@inlet/sync/provider-errors'
import { realWorld } from '@inlet/sync/world'
import { describe, expect, test } from 'vitest'
import { openSession } from '../src/imap/session.ts'
import { type MailAccess, withDefaults } from '../src/imap/settings.ts'
import { deliver, trySmtp } from '../src/imap/smtp.ts'
import { fakeImap } from './imap-fake-server.ts'
import { fakeSmtp } from './imap-fake-smtp.ts'

const never = new AbortController().signal
const from = {
  settings: withDefaults({ allowPrivateHosts: true, silenceMs: 1_000 }),
  world: realWorld,
  lookup: async () => ['127.0.0.1'],
}
const STALE = 'stale-token-stale-token'
const FRESH = 'fresh-token-fresh-token'
const challenge = Buffer.from('{"status":"invalid_token","scope":"mail"}').toString('base64')
const decoded = (line: string) => Buffer.from(line.split(' ').at(-1) ?? '', 'base64').toString()
const tokenIn = (text: string) => text.split('auth=Bearer ')[1]?.split('\x01')[0]

/** An access whose token is the stale one until that was refused. */
function access(more: Partial<MailAccess>, fresh: () => string = () => FRESH) {
  const asked: (string | undefined)[] = []
  const way: MailAccess = {
    accountId: 'a',
    imap: { host: 'imap.example.org', port: 1, security: 'none' },
    smtp: null,
    user: 'ann@example.org',
    secret: async (_signal, stale) => {
      asked.push(stale)
      return { accessToken: stale === undefined ? STALE : fresh() }
    },
    ...more,
  }
  return { way, asked }
}

const refusal = async (attempt: Promise<unknown>): Promise<ProviderError> => {
  const error = await attempt.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ProviderError)) throw new Error(`It ended with ${String(error)}.`)
  return error
}

describe('IMAP by access token', () => {
  /** Takes one token; refuses others as RFC 7628 has it. */
  async function imap(offers: string, good: string, no = 'NO [AUTHENTICATIONFAILED] Not this one.') {
    const said: string[] = []
    const server = await fakeImap({
      capabilities: `IMAP4rev1 SASL-IR ${offers}`,
      on: {
        AUTHENTICATE({ line, send, end, socket }) {
          said.push(`${line.split(' ')[2]} ${decoded(line)}`)
          if (tokenIn(decoded(line)) === good) return end('OK welcome')
          socket.once('data', () => end(no))
          send(`+ ${challenge}\r\n`)
        },
      },
    })
    return {
      said,
      server,
      at: { imap: { host: 'imap.example.org', port: server.port, security: 'none' } } as const,
    }
  }

  test.each([
    ['AUTH=XOAUTH2', 'XOAUTH2 user=ann@example.org'],
    ['AUTH=PLAIN AUTH=OAUTHBEARER AUTH=XOAUTH2', 'OAUTHBEARER n,a=ann@example.org,'],
  ])('a server that offers %s gets %s', async (offers, begins) => {
    const { at, said } = await imap(offers, STALE)
    const { way, asked } = access(at)
    const session = await openSession(way, from, never)
    await session.close()
    expect(said).toEqual([expect.stringMatching(`^${begins}\x01`)])
    expect(asked).toEqual([undefined])
  })

  test('a refused token is replaced once, by the same server’s next', async () => {
    const { at, said, server } = await imap('AUTH=XOAUTH2', FRESH)
    const { way, asked } = access(at)
    const session = await openSession(way, from, never)
    await session.close()
    expect(said.map(tokenIn)).toEqual([STALE, FRESH])
    expect(asked).toEqual([undefined, STALE])
    expect(server.connections()).toBe(2)
  })

  test('when the fresh one is refused as well, the person is wanted, with the server’s reason and no secret', async () => {
    const repeated = Buffer.from(`user=ann@example.org\x01auth=Bearer ${FRESH}\x01\x01`).toString('base64')
    const secrets = [FRESH, repeated, repeated.slice(0, 70)]
    const no = `NO [AUTHENTICATIONFAILED] ${secrets.join(' and ')} are for Bo.`
    const { at, said } = await imap('AUTH=XOAUTH2', 'none', no)
    const error = await refusal(openSession(access(at).way, from, never))
    expect(error).toMatchObject({ kind: 'unauthorized', reconnect: true, cause: { code: 'token_refused' } })
    expect(error.message).toMatch(
      /did not accept the access that was granted \(invalid_token\)\..*“… and … and … are for Bo\.”/,
    )
    for (const secret of secrets) expect(error.message).not.toContain(secret)
    expect(said).toHaveLength(2)
  })

  test('when no fresh one is to be had, that is the reason', async () => {
    const { at } = await imap('AUTH=XOAUTH2', 'none')
    const revoked = new ProviderError('unauthorized', 'The grant is gone.', { reconnect: true })
    const { way } = access(at, () => {
      throw revoked
    })
    expect(await refusal(openSession(way, from, never))).toBe(revoked)
  })

  test('a server that cannot check tokens now is no refusal: nothing is renewed', async () => {
    const { at, said } = await imap('AUTH=XOAUTH2', 'none', 'NO [UNAVAILABLE] Try again later.')
    const { way, asked } = access(at)
    expect(await refusal(openSession(way, from, never))).toMatchObject({ kind: 'transient' })
    expect({ tried: said.length, asked }).toEqual({ tried: 1, asked: [undefined] })
  })
})

describe('SMTP by access token', () => {
  async function smtp(offers: string, good: string, no = '535 5.7.8 Not this one.') {
    const said: string[] = []
    const server = await fakeSmtp({
      answer(line) {
        if (/^EHLO/.test(line)) return `250-fake\r\n250 AUTH ${offers}`
        if (!/^AUTH/.test(line)) return line === '' || line === 'AQ==' ? no : null
        said.push(`${line.split(' ')[1]} ${decoded(line)}`)
        if (!offers.includes(line.split(' ')[1] ?? '')) return '504 5.5.4 Unrecognized authentication type'
        return tokenIn(decoded(line)) === good ? '235 fine' : `334 ${challenge}`
      },
    })
    const at = { host: 'smtp.example.org', port: server.port, security: 'none' } as const
    return { said, server, at }
  }

  test.each([
    ['LOGIN XOAUTH2', 'XOAUTH2 user=ann@example.org'],
    ['PLAIN OAUTHBEARER', 'OAUTHBEARER n,a=ann@example.org,'],
  ])('a server that offers %s gets %s', async (offers, begins) => {
    const { at, said } = await smtp(offers, STALE)
    await trySmtp(at, access({ smtp: at }).way, from, never)
    expect(said).toEqual([expect.stringMatching(`^${begins}\x01`)])
  })

  test('a message goes out with the fresh token, once', async () => {
    const { at, said, server } = await smtp('XOAUTH2', FRESH)
    const envelope = { from: 'ann@example.org', to: ['bo@example.org'] }
    const sent = deliver(
      access({ smtp: at }).way,
      from,
      envelope,
      Buffer.from('Subject: Hi\r\n\r\nHi.'),
      never,
    )
    expect(await sent).toEqual({ state: 'taken', refused: [] })
    expect(said.map(tokenIn)).toEqual([STALE, FRESH])
    expect(server.mails).toHaveLength(1)
  })

  test('a refusal is told with the server’s reason; one that knows no tokens says so', async () => {
    const { at } = await smtp('XOAUTH2', 'none')
    const error = await refusal(trySmtp(at, access({ smtp: at }).way, from, never))
    expect(error).toMatchObject({ kind: 'unauthorized', reconnect: true, cause: { code: 'token_refused' } })
    expect(error.message).toMatch(/\(invalid_token\)\..*“Not this one\.”/)
    const plain = await smtp('PLAIN LOGIN', STALE)
    expect(await refusal(trySmtp(plain.at, access({ smtp: plain.at }).way, from, never))).toMatchObject({
      kind: 'permanent',
      cause: { code: 'login_method_missing' },
    })
    const later = await smtp('XOAUTH2', 'none', '454 4.7.0 Temporary authentication failure')
    expect(await refusal(trySmtp(later.at, access({ smtp: later.at }).way, from, never))).toMatchObject({
      kind: 'transient',
    })
  })
})
