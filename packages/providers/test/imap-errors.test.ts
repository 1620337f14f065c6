import { inspect } from 'node:util'
import { realWorld } from '@inlet/sync/world'
import fc from 'fast-check'
import type { ImapFlow } from 'imapflow'
import { describe, expect, test } from 'vitest'
import { codeOf, type ErrorContext, type MailErrorCode, toProviderError } from '../src/imap/errors.ts'
import { openSession } from '../src/imap/session.ts'
import { type ImapConfig, type Security, withDefaults } from '../src/imap/settings.ts'
import { fakeImap, fakeServer, type ImapReply, saying } from './imap-fake-server.ts'

const never = new AbortController().signal
const SECRET = 'hunter2-hunter2'

const open = (
  port: number,
  config: ImapConfig = {},
  { security = 'none', token = false }: { security?: Security; token?: boolean } = {},
) =>
  openSession(
    {
      accountId: 'a',
      imap: { host: 'imap.example.org', port, security },
      smtp: null,
      user: 'ann@example.org',
      secret: async () => (token ? { accessToken: SECRET } : { password: SECRET }),
    },
    {
      settings: withDefaults({ allowPrivateHosts: true, greetingMs: 200, silenceMs: 300, ...config }),
      world: realWorld,
      lookup: async () => ['127.0.0.1'],
    },
    never,
  )

const refusal = async (attempt: Promise<unknown>) => {
  const error = await attempt.then(
    () => {
      throw new Error('It should have failed.')
    },
    (thrown: unknown) => thrown,
  )
  // I12: whatever is logged of it holds no secret.
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(SECRET)
  return error as { kind: string; reconnect: boolean; retryAt: number | null; message: string }
}

describe('what a refused login means', () => {
  const cases: [answer: string, MailErrorCode, kind: string, reconnect: boolean][] = [
    ['NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'wrong_password', 'unauthorized', true],
    ['NO [AUTHENTICATIONFAILED] Authentication failed.', 'wrong_password', 'unauthorized', true],
    ['NO LOGIN failed', 'wrong_password', 'unauthorized', true],
    ['NO [AUTH] Authentication Failed', 'wrong_password', 'unauthorized', true],
    ['NO [AUTHORIZATIONFAILED] not for you', 'wrong_password', 'unauthorized', true],
    [
      'NO [ALERT] Application-specific password required: https://example.org (Failure)',
      'app_password_needed',
      'unauthorized',
      true,
    ],
    [
      'NO [ALERT] Your account is not enabled for IMAP use. Please visit your settings.',
      'access_disabled',
      'unauthorized',
      true,
    ],
    ['NO [EXPIRED] Your password has expired', 'password_expired', 'unauthorized', true],
    [
      'NO [ALERT] Too many simultaneous connections. (Failure)',
      'too_many_connections',
      'rate_limited',
      false,
    ],
    [
      'NO [LIMIT] Maximum number of connections from user+IP exceeded',
      'too_many_connections',
      'rate_limited',
      false,
    ],
    ['NO [INUSE] Mailbox is locked by another session', 'too_many_connections', 'rate_limited', false],
    ['NO [UNAVAILABLE] Temporary authentication failure.', 'server_unavailable', 'transient', false],
    ['NO [SERVERBUG] Internal error occurred', 'server_unavailable', 'transient', false],
    ['NO [CONTACTADMIN] Account is being moved', 'server_unavailable', 'transient', false],
    ['NO Temporary failure, try again later', 'server_unavailable', 'transient', false],
    ['NO [ALERT] Please log in via your web browser: https://example.org', 'login_alert', 'transient', false],
    ['NO [PRIVACYREQUIRED] Plaintext authentication disallowed', 'tls_wanted', 'permanent', false],
    ['BAD syntax error', 'login_refused', 'permanent', false],
  ]
  test.each(cases)('%s', async (answer, code, kind, reconnect) => {
    const server = await fakeImap({ on: { LOGIN: ({ end }) => end(answer) } })
    const error = await refusal(open(server.port))
    expect(error).toMatchObject({ kind, reconnect, cause: { code } })
    if (kind === 'rate_limited') expect(error.retryAt).toBeGreaterThan(0)
  })

  test('a refused token without another one is for the person', async () => {
    const server = await fakeImap({
      capabilities: 'IMAP4rev1 AUTH=XOAUTH2',
      on: { AUTHENTICATE: ({ end }) => end('NO [AUTHENTICATIONFAILED] Invalid credentials') },
    })
    expect(await refusal(open(server.port, {}, { token: true }))).toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
      cause: { code: 'token_refused' },
    })
    expect(server.connections()).toBe(1)
  })

  test('a server without a way to log in', async () => {
    const plain = await fakeImap({ capabilities: 'IMAP4rev1 LOGINDISABLED' })
    expect(codeOf(await refusal(open(plain.port)))).toBe('tls_wanted')
    const tokens = await fakeImap({})
    expect(codeOf(await refusal(open(tokens.port, {}, { token: true })))).toBe('login_method_missing')
  })
})

describe('what answers on the port', () => {
  test.each([
    ['220 mx.example.org ESMTP\r\n', 'wrong_service', /SMTP/],
    ['+OK POP3 ready\r\n', 'wrong_service', /POP3/],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'wrong_service', /SSH/],
    ['HTTP/1.1 400 Bad Request\r\n\r\n', 'wrong_service', /web server/],
    [
      Buffer.from(Array.from({ length: 3_000 }, (_, at) => (at * 7_919) % 256)),
      'wrong_service',
      /nothing that is known/,
    ],
    ['* BYE Too many connections from your address\r\n', 'too_many_connections', /wait/],
    ['* BYE Going down\r\n', 'server_closed', /Going down/],
    ['', 'no_greeting', /TLS/],
  ] as const)('%j is told apart', async (bytes, code, sentence) => {
    const server = await saying(bytes)
    const error = await refusal(open(server.port))
    expect(codeOf(error)).toBe(code)
    expect(error.message).toMatch(sentence)
  })

  test('one that closes or cuts', async () => {
    expect(codeOf(await refusal(open((await saying('', 'close')).port)))).toBe('connection_cut')
    expect(codeOf(await refusal(open((await saying('* BYE Shutting down\r\n', 'close')).port)))).toBe(
      'server_closed',
    )
    const cutting = await fakeServer(socket => socket.resetAndDestroy())
    expect(codeOf(await refusal(open(cutting.port)))).toBe('connection_cut')
  })

  test('nobody', async () => {
    const { port } = await saying('')
    const free = port === 1 ? 2 : 1
    expect(codeOf(await refusal(open(free)))).toBe('connection_refused')
  })

  test('plain where TLS is meant, and no STARTTLS where it is required', async () => {
    const plain = await fakeImap({})
    expect(await refusal(open(plain.port, {}, { security: 'tls' }))).toMatchObject({
      kind: 'permanent',
      cause: { code: 'not_tls' },
    })
    expect(await refusal(open(plain.port, {}, { security: 'starttls' }))).toMatchObject({
      kind: 'permanent',
      cause: { code: 'starttls_missing' },
    })
  })
})

describe('what goes wrong later', () => {
  const fetchFrom = async (answer: (reply: ImapReply) => void, config: ImapConfig = {}) => {
    const server = await fakeImap({ on: { FETCH: answer } })
    const session = await open(server.port, config)
    const read = (client: ImapFlow) => client.fetchAll('1:*', { uid: true, source: true }, { uid: true })
    return { session, read: session.inFolder({ path: 'INBOX', readOnly: true }, 'read', never, read) }
  }

  test.each<[string, (reply: ImapReply) => void, MailErrorCode, string]>([
    [
      'a literal of 100 MB',
      ({ send }) => send('* 1 FETCH (UID 1 BODY[] {104857600}\r\nxxx'),
      'too_large',
      'permanent',
    ],
    [
      'a cut in the middle of a message',
      ({ send, socket }) => {
        send('* 1 FETCH (UID 1 BODY[] {500}\r\nxxx')
        socket.destroySoon()
      },
      'connection_cut',
      'transient',
    ],
    ['silence', () => {}, 'timeout', 'transient'],
    ['a BYE', ({ socket }) => socket.end('* BYE Server shutting down\r\n'), 'server_closed', 'transient'],
    ['a limit', ({ end }) => end('NO [LIMIT] too much'), 'server_unavailable', 'transient'],
    ['a refusal', ({ end }) => end('NO not now'), 'refused', 'transient'],
    ['a command that is not understood', ({ end }) => end('BAD what?'), 'refused', 'permanent'],
    ['a folder over its quota', ({ end }) => end('NO [OVERQUOTA] full'), 'over_quota', 'permanent'],
    ['a tagged end that cannot be read', ({ end }) => end('OK [((('), 'garbled', 'transient'],
  ])('%s', async (_, answer, code, kind) => {
    const { read, session } = await fetchFrom(answer)
    expect(await refusal(read)).toMatchObject({ kind, cause: { code } })
    session.destroy()
  })

  test('throttling is told at once, with its time, instead of being slept through', async () => {
    const answer = ({ end }: ImapReply) =>
      end('BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds')
    const { read } = await fetchFrom(answer)
    const before = Date.now()
    const error = await refusal(read)
    expect(error).toMatchObject({ kind: 'rate_limited', cause: { code: 'throttled' } })
    expect(error.retryAt).toBeGreaterThanOrEqual(before + 92_415)
  })

  test('a line that cannot be read is counted, since what came with it is incomplete', async () => {
    const { read, session } = await fetchFrom(({ send, end }) => {
      send('* 1 FETCH (UID 1 BODY[] {2}\r\nok)\r\n* 2 FETCH ((((\r\n')
      end('OK done')
    })
    expect(await read).toHaveLength(1)
    expect(session.unreadable()).toBe(1)
    session.destroy()
  })

  test('a missing folder is not found, which is something else than a refusal', async () => {
    const server = await fakeImap({ on: { EXAMINE: ({ end }) => end('NO [NONEXISTENT] no such mailbox') } })
    const session = await open(server.port)
    const read = session.inFolder({ path: 'Gone', readOnly: true }, 'read', never, async () => 1)
    expect(await refusal(read)).toMatchObject({ kind: 'not_found', cause: { code: 'folder_missing' } })
    session.destroy()
  })
})

test('anything that may be thrown becomes one of our errors with a code and a sentence', () => {
  const context: ErrorContext = {
    protocol: 'IMAP',
    host: 'imap.example.org',
    port: 993,
    security: 'tls',
    action: 'read',
    login: 'password',
    now: 0,
  }
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.record(
          {
            code: fc.oneof(fc.string(), fc.integer()),
            message: fc.string(),
            response: fc.anything(),
            responseText: fc.string(),
            responseStatus: fc.constantFrom('NO', 'BAD', ''),
            serverResponseCode: fc.string(),
            responseCode: fc.oneof(fc.integer(), fc.string()),
            authenticationFailed: fc.boolean(),
            throttleReset: fc.oneof(fc.integer(), fc.double()),
          },
          { requiredKeys: [] },
        ),
      ),
      thrown => {
        const error = toProviderError(thrown, context)
        expect(codeOf(error)).toMatch(/^[a-z_]+$/)
        expect(error.message).toMatch(/^Could not read\. .+/)
        expect(error.message.length).toBeLessThan(1_000)
      },
    ),
  )
})
