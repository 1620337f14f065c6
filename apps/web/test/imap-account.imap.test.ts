import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImapConnectRequest } from '@inlet/protocol/imap-api'
import { createRuntime, type Runtime } from '@inlet/runtime/compose'
import { readConfig } from '@inlet/runtime/env'
import { disconnectAccount } from '@inlet/sync/connect-account'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { testDatabase } from '@inlet/testkit/test-database'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { seedDemo } from '../src/server/demo.ts'
import { forUser, type Handler, handle } from '../src/server/handle.ts'
import { connectImap, findImapSettings } from '../src/server/imap-account.ts'
import { listening } from './http-call.ts'

const ANN = 'ann@inlet.test'
const database = testDatabase()
let dovecot: DovecotServer
let folder: string
let client: pg.Client
/** Lets people name hosts on this machine and trusts the test's server; the other does neither. */
let inside: Runtime
let outside: Runtime
const logged: string[] = []
const answers: string[] = []
const servers: Server[] = []
let people = 0
let person = ''

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(line => {
    logged.push(String(line))
    return true
  })
  dovecot = await startDovecot({ users: [ANN, 'demo@inlet.test', 'bo@inlet.test'] })
  folder = await mkdtemp(join(tmpdir(), 'inlet-imap-account-'))
  const certificates = join(folder, 'own.pem')
  await writeFile(certificates, dovecot.certificate)
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  const base = {
    DATABASE_URL: database.url,
    INLET_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
    BETTER_AUTH_SECRET: 'x'.repeat(32),
    INLET_LOG_LEVEL: 'debug',
    INLET_WORKER: '0',
  }
  inside = await createRuntime(
    readConfig({
      ...base,
      INLET_IMAP_PRIVATE_HOSTS: '1',
      INLET_IMAP_CERTIFICATES: certificates,
      INLET_DEMO_TOKEN: 'a-long-demo-token',
      INLET_SANDBOX_URL: 'http://127.0.0.1:9',
      INLET_SANDBOX_IMAP: `imap://demo%40inlet.test:${encodeURIComponent(dovecot.passwordOf('demo@inlet.test'))}@127.0.0.1:${dovecot.port}`,
    }),
  )
  outside = await createRuntime(readConfig(base))
})
afterAll(async () => {
  await inside?.stop()
  await outside?.stop()
  await client?.end()
  await dovecot?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
  vi.restoreAllMocks()
})

beforeEach(async () => {
  person = `person-${++people}`
  await newUser(person)
})
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const newUser = (id: string, email = `${id}@example.com`) =>
  client.query(`INSERT INTO "user" (id, name, email) VALUES ($1, 'Person', $2)`, [id, email])

/** A request of the person's, through everything that stands before the handler. */
async function ask(handler: Handler<never>, body: object, runtime = inside) {
  const auth = { api: { getSession: async () => ({ user: { id: person }, session: { id: 's' } }) } }
  Object.assign(globalThis, { inletServer: Promise.resolve({ runtime, auth }) })
  const request = new Request('http://localhost:3000/api', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const later: (() => Promise<void>)[] = []
  const around = { params: {}, afterwards: (work: () => Promise<void>) => void later.push(work) }
  const answer = (await handle(forUser(handler as never), request as never, around)) as Response
  const text = await answer.text()
  answers.push(text)
  for (const work of later) await work()
  return { status: answer.status, body: JSON.parse(text) }
}

const typed = (more: Partial<ImapConnectRequest> = {}): ImapConnectRequest => ({
  email: ANN,
  password: dovecot.passwordOf(ANN),
  imap: { host: 'localhost', port: dovecot.tlsPort, security: 'tls' },
  smtp: null,
  ...more,
})
const connect = (more: Partial<ImapConnectRequest> = {}, runtime = inside) =>
  ask(connectImap, typed(more), runtime)

const raw = (subject: string) =>
  `From: Bo <bo@example.org>\r\nTo: ${ANN}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\nHello.\r\n`
const subjects = async () =>
  (
    await client.query<{ subject: string }>('SELECT subject FROM message WHERE user_id = $1 ORDER BY 1', [
      person,
    ])
  ).rows.map(({ subject }) => subject)
const accounts = async () =>
  (await client.query('SELECT id, email, display_name FROM account WHERE user_id = $1', [person])).rows

/** An SMTP server that says these lines one after the other, to whatever it is told. */
async function smtp(...lines: string[]): Promise<number> {
  const server = createServer(socket => {
    const left = [...lines]
    const say = () => socket.write(`${left.shift() ?? '500 no'}\r\n`)
    socket.on('error', () => {})
    socket.on('data', say)
    say()
  })
  servers.push(server)
  return await listening(server)
}
async function silent(): Promise<number> {
  const server = createServer(socket => socket.on('error', () => {}))
  servers.push(server)
  return await listening(server)
}
const REFUSES = ['220 fake', '250-fake\r\n250 AUTH PLAIN', '535 5.7.8 Authentication failed']
const TAKES = ['220 fake', '250-fake\r\n250 AUTH PLAIN', '235 fine', '221 bye']

describe('connecting a mailbox', () => {
  test('with the right password its mail arrives', async () => {
    await dovecot.mailbox(ANN).append(raw('waiting'))
    const port = await smtp(...TAKES)
    const { status, body } = await connect({
      displayName: 'Ann Ash',
      smtp: { host: '127.0.0.1', port, security: 'none' },
    })
    expect({ status, body }).toEqual({ status: 200, body: { accountId: expect.any(String), email: ANN } })
    expect(await subjects()).toContain('waiting')
    expect(await accounts()).toEqual([{ id: body.accountId, email: ANN, display_name: 'Ann Ash' }])
    const { rows } = await client.query('SELECT action, detail FROM audit_log WHERE user_id = $1', [person])
    expect(rows).toEqual([{ action: 'account_connected', detail: { accountId: body.accountId, email: ANN } }])
  })

  test.each<[string, () => Promise<Partial<ImapConnectRequest>>, object]>([
    [
      'a wrong password',
      async () => ({ password: 'not the one' }),
      { server: 'imap', reason: 'wrong_password' },
    ],
    [
      'a server that hangs',
      async () => ({ imap: { host: '127.0.0.1', port: await silent(), security: 'starttls' } }),
      { server: 'imap', reason: 'no_greeting' },
    ],
    [
      'TLS where there is none',
      async () => ({ imap: { host: 'localhost', port: dovecot.port, security: 'tls' } }),
      { server: 'imap', reason: 'not_tls' },
    ],
    [
      'nothing but TLS where plain text is meant',
      async () => ({ imap: { host: 'localhost', port: dovecot.tlsPort, security: 'starttls' } }),
      { server: 'imap', reason: 'no_greeting' },
    ],
    [
      'plain text across the internet',
      async () => ({ imap: { host: '192.0.2.1', port: 143, security: 'none' } }),
      { server: 'imap', reason: 'plain_refused' },
    ],
    [
      'a port on which nothing listens',
      async () => ({ imap: { host: '127.0.0.1', port: 9, security: 'tls' } }),
      { server: 'imap', reason: 'connection_refused' },
    ],
    [
      'SMTP that refuses',
      async () => ({ smtp: { host: '127.0.0.1', port: await smtp(...REFUSES), security: 'none' } }),
      { server: 'smtp', reason: 'wrong_password' },
    ],
  ])('%s is told, and nothing is stored', async (_, more, error) => {
    const { status, body } = await connect(await more())
    expect(status).toBe(422)
    expect(body.error).toMatchObject({ code: 'mail_server_refused', ...error })
    expect(body.error.message).toMatch(/[.”]$/)
    expect(await accounts()).toEqual([])
  })

  test('this machine and its network are out of reach unless the installation allows them', async () => {
    for (const host of ['localhost', '127.0.0.1', '10.0.0.1', '[::1]'])
      for (const security of ['tls', 'none'] as const) {
        const { status, body } = await connect({ imap: { host, port: dovecot.port, security } }, outside)
        expect({ status, reason: body.error.reason }).toEqual({ status: 422, reason: 'private_address' })
      }
    expect(await accounts()).toEqual([])
  })

  test('a certificate that nobody vouches for is refused', async () => {
    const strict = await createRuntime({
      ...inside.config,
      imap: { privateHosts: true, certificatesFile: null, oauthFile: null },
    })
    try {
      expect((await connect({}, strict)).body.error.reason).toBe('certificate_self_signed')
    } finally {
      await strict.stop()
    }
  })

  test('again, with a new password, keeps the account with its mail and its name', async () => {
    await dovecot.mailbox('bo@inlet.test').append(raw('kept'))
    const bo = (more: object = {}) =>
      connect({
        email: 'Bo@Inlet.test',
        user: 'bo@inlet.test',
        password: dovecot.passwordOf('bo@inlet.test'),
        ...more,
      })
    const first = await bo({ displayName: 'Bo Berg' })
    await dovecot.setPassword('bo@inlet.test', 'another secret of bo')
    expect((await bo({ password: 'secret of bo@inlet.test' })).body.error.reason).toBe('wrong_password')
    await client.query(`UPDATE account SET reconnect = '{"at": 1, "error": "gone"}' WHERE id = $1`, [
      first.body.accountId,
    ])
    expect((await bo()).body.accountId).toBe(first.body.accountId)
    expect(await accounts()).toMatchObject([{ email: 'bo@inlet.test', display_name: 'Bo Berg' }])
    expect(await subjects()).toEqual(['kept'])
    const { rows } = await client.query('SELECT reconnect FROM account WHERE id = $1', [first.body.accountId])
    expect(rows).toEqual([{ reconnect: null }])
  })

  test('whoever tries passwords is stopped after ten', async () => {
    const tries = []
    for (let at = 0; at < 11; at++) tries.push((await connect({ password: `guess ${at}` }, outside)).status)
    expect(tries).toEqual([...Array(10).fill(422), 429])
    const { body } = await connect({}, outside)
    expect(body.error).toMatchObject({ code: 'rate_limited', retryAfter: expect.any(Number) })
  })

  test('what is malformed is told by its field', async () => {
    const { status, body } = await ask(connectImap, {
      ...typed(),
      imap: { host: ' ', port: 0, security: 'tls' },
    })
    expect(status).toBe(400)
    expect(body.error.issues).toEqual([
      { path: 'imap.host', message: 'Enter the name of the server.' },
      { path: 'imap.port', message: 'A port is a number from 1 to 65535.' },
    ])
    expect((await connect({ password: 'a\r\nb' })).status).toBe(400)
  })

  test('disconnecting asks nothing of the server', async () => {
    const { accountId } = (await connect()).body
    await disconnectAccount(inside.engine, accountId, AbortSignal.timeout(10_000))
    expect(await accounts()).toEqual([])
  })
})

describe('settings of an address', () => {
  test('those of a provider, and of one’s own mailbox as it was connected', async () => {
    const email = 'ann@fastmail.com'
    const known = await ask(findImapSettings, { email })
    expect(known.body.settings).toMatchObject([{ source: 'known', name: 'Fastmail', login: 'app_password' }])
    await connect({ email, user: ANN })
    expect((await ask(findImapSettings, { email: 'Ann@Fastmail.com' })).body).toEqual({
      settings: [
        {
          source: 'stored',
          name: 'fastmail.com',
          imap: { host: 'localhost', port: dovecot.tlsPort, security: 'tls' },
          smtp: null,
          login: 'password',
          user: ANN,
          note: null,
          consent: null,
        },
      ],
    })
    person = 'somebody-else'
    await newUser(person)
    expect((await ask(findImapSettings, { email })).body.settings).toMatchObject([{ source: 'known' }])
  })

  test('no address, and too many questions', async () => {
    for (const email of ['', 'ann', 'ann@', 'ann@host', 'ann@ex ample.org', 'ann@exa%mple.org'])
      expect((await ask(findImapSettings, { email })).status).toBe(400)
    let status = 200
    for (let at = 0; at < 10; at++) ({ status } = await ask(findImapSettings, { email: 'a@gmx.de' }))
    expect(status).toBe(429)
  })

  test('nothing of it where IMAP is not offered', async () => {
    const none = { ...inside, adapters: { ...inside.adapters, imap: null } }
    expect((await ask(findImapSettings, { email: 'a@gmx.de' }, none)).status).toBe(404)
    expect((await connect({}, none)).status).toBe(404)
  })
})

test('the demo user gets the sandbox’s mailbox', async () => {
  person = 'demo-user'
  await newUser(person, 'demo@inlet.test')
  await seedDemo(inside, {} as never, AbortSignal.timeout(10_000))
  expect(await accounts()).toMatchObject([{ email: 'demo@inlet.test', display_name: 'Demo' }])
})

test('no password is in a log line, an answer or a row, and the search for them would find them', async () => {
  const secrets = [dovecot.passwordOf(ANN), 'not the one', 'another secret of bo', 'guess 1']
  const holding = async (secret: string) => {
    const forms = [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')]
    const { rows } = await client.query<{ name: string }>(
      `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
    )
    const tables: string[] = []
    for (const { name } of rows) {
      const found = await client.query(`SELECT FROM ${name} t WHERE t::text LIKE ANY ($1) LIMIT 1`, [
        forms.map(form => `%${form}%`),
      ])
      if (found.rowCount) tables.push(name)
    }
    const heard = [...logged, ...answers].filter(line => forms.some(form => line.includes(form)))
    return { tables, heard }
  }
  await connect()
  expect((await connect({ password: 'not the one' })).status).toBe(422)
  for (const secret of secrets) expect(await holding(secret)).toEqual({ tables: [], heard: [] })
  expect(logged.some(line => line.includes('could not be logged in to'))).toBe(true)
  expect((await client.query('SELECT 1 FROM account_grant')).rowCount).toBeGreaterThan(0)
  await client.query(`UPDATE account SET display_name = 'it is guess 1 indeed'`)
  expect(await holding('guess 1')).toMatchObject({ tables: ['account'] })
})
