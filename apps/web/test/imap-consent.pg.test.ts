import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, type Runtime } from '@inlet/runtime/compose'
import { readConfig } from '@inlet/runtime/env'
import { type Sandbox, startSandbox } from '@inlet/sandbox/sandbox'
import { disconnectAccount } from '@inlet/sync/connect-account'
import { testDatabase } from '@inlet/testkit/test-database'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { backFromConsent, leaveForConsent } from '../src/server/connect.ts'
import type { SignedIn } from '../src/server/current-session.ts'
import { forUser, type Handler, handle } from '../src/server/handle.ts'
import { connectImap, findImapSettings } from '../src/server/imap-account.ts'
import { REFUSED_COOKIE, whyBack } from '../src/server/imap-consent.ts'

const ANN = 'ann@mail.inlet.test'
const BO = 'bo@mail.inlet.test'
const WAY = 'imap-sandbox'
const database = testDatabase()
let sandbox: Sandbox
let folder: string
let client: pg.Client
let runtime: Runtime
let person = ''
let people = 0
/** Whatever people, logs and browsers get to see. */
const told: string[] = []

beforeAll(async () => {
  vi.spyOn(process.stdout, 'write').mockImplementation(line => {
    told.push(String(line))
    return true
  })
  sandbox = await startSandbox({
    imap: {
      accounts: [
        { email: ANN, messages: 5 },
        { email: BO, messages: 3 },
      ],
    },
  })
  const { port = 0, smtpPort = 0 } = sandbox.imap ?? {}
  folder = await mkdtemp(join(tmpdir(), 'inlet-imap-consent-'))
  const oauth = `${sandbox.url}/imap/oauth`
  const provider = {
    ...{ id: 'sandbox', name: 'Sandbox Mail', domains: ['mail.inlet.test'] },
    imap: { host: '127.0.0.1', port, security: 'none' },
    smtp: { host: '127.0.0.1', port: smtpPort, security: 'none' },
    ...{ authorizeUrl: `${oauth}/authorize`, tokenUrl: `${oauth}/token`, revokeUrl: `${oauth}/revoke` },
    ...{ clientId: 'inlet-mail', clientSecret: 'sandbox-mail-secret', scopes: ['mail', 'offline_access'] },
  }
  await writeFile(join(folder, 'oauth.json'), JSON.stringify([provider]))
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  runtime = await createRuntime(
    readConfig({
      DATABASE_URL: database.url,
      INLET_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      BETTER_AUTH_SECRET: 'x'.repeat(32),
      INLET_LOG_LEVEL: 'debug',
      INLET_WORKER: '0',
      INLET_IMAP_PRIVATE_HOSTS: '1',
      INLET_IMAP_OAUTH: join(folder, 'oauth.json'),
    }),
  )
})
afterAll(async () => {
  await runtime?.stop()
  await client?.end()
  await sandbox?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
  vi.restoreAllMocks()
})
beforeEach(async () => {
  person = `person-${++people}`
  await client.query(`INSERT INTO "user" (id, name, email) VALUES ($1, 'Person', $2)`, [
    person,
    `${person}@example.com`,
  ])
})
afterEach(() => sandbox.control.clearFaults())

/** A request of the person's, through everything that stands before the handler. */
async function ask(handler: Handler<never>, url: string, init: RequestInit, provider = '') {
  const auth = { api: { getSession: async () => ({ user: { id: person }, session: { id: 's' } }) } }
  Object.assign(globalThis, { inletServer: Promise.resolve({ runtime, auth }) })
  const later: (() => Promise<void>)[] = []
  const around = { params: { provider }, afterwards: (work: () => Promise<void>) => void later.push(work) }
  const request = new Request(url, init) as never
  const answer = (await handle(forUser(handler as never), request, around)) as Response
  told.push(JSON.stringify([...answer.headers]))
  for (const work of later) await work()
  return answer
}

const leave = (query: Record<string, string>, way = WAY) =>
  ask(leaveForConsent as never, `http://inlet/?${new URLSearchParams(query)}`, {}, way)

/** Leaves, and answers on the consent page; how the browser comes back. */
async function consent(query: Record<string, string>, form: Record<string, string>) {
  const left = await leave(query)
  const cookie = left.headers.get('set-cookie')?.split(';')[0] ?? ''
  const init = { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' } as const
  const page = await fetch(left.headers.get('location') ?? '', init)
  return { back: page.headers.get('location') ?? '', cookie }
}
const comeBack = ({ back, cookie }: { back: string; cookie: string }, way = WAY) =>
  ask(backFromConsent as never, back, { headers: { cookie } }, way)

const connect = async (query: Record<string, string> = { email: ANN }, account = query.email ?? ANN) =>
  await comeBack(await consent(query, { account, answer: 'allow' }))
const home = (answer: Response) => answer.headers.get('location')

const accounts = async () =>
  (await client.query('SELECT id, email, display_name FROM account WHERE user_id = $1', [person])).rows
const mails = async () =>
  (await client.query('SELECT FROM message WHERE user_id = $1', [person])).rowCount ?? 0
const stored = async () => {
  const [account] = await accounts()
  return (await runtime.engine.store.readGrant(account?.id))?.grant.data ?? {}
}
const user = () => ({ id: person }) as SignedIn

describe('connecting a mailbox on its provider’s consent page', () => {
  test('what was found for the address leads there, and its mail arrives', async () => {
    const body = JSON.stringify({ email: ANN })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    const found = await (await ask(findImapSettings as never, 'http://inlet/', init)).json()
    expect(found).toMatchObject({ settings: [{ consent: { id: 'sandbox', name: 'Sandbox Mail' } }] })
    const left = await leave({ email: ANN })
    expect(home(left)).toContain(`login_hint=${encodeURIComponent(ANN)}`)
    expect(home(left)).toContain(encodeURIComponent(`/api/accounts/callback/${WAY}`))
    expect(home(await connect({ email: ANN, name: 'Ann Ash' }))).toBe(
      `/?connected=${encodeURIComponent(ANN)}`,
    )
    expect(await accounts()).toMatchObject([{ email: ANN, display_name: 'Ann Ash' }])
    expect(await mails()).toBe(5)
  })

  test('a token that is not for this mailbox is told with the mail server’s words, and nothing is stored', async () => {
    const answer = await connect({ email: ANN }, BO)
    const query = { error: 'mail_server_refused', provider: WAY, email: ANN, reason: 'token_refused' }
    expect(home(answer)).toBe(`/connect/imap?${new URLSearchParams(query)}`)
    const cookie = new RegExp(`${REFUSED_COOKIE}=([^;]+)`).exec(answer.headers.get('set-cookie') ?? '')?.[1]
    const why = (whose = user(), sealed = cookie ?? '') => whyBack(runtime, whose, query, sealed)
    expect(why()).toMatch(/^127\.0\.0\.1 did not accept the access that was granted \(invalid_token\)\./)
    // Somebody else's, or none: a sentence of our own.
    for (const other of [why({ id: 'somebody-else' } as SignedIn), why(user(), '')])
      expect(other).toMatch(/^Sandbox Mail granted access, but its mail server did not accept it\./)
    expect(whyBack(runtime, user(), {}, cookie)).toBeNull()
    expect(await accounts()).toEqual([])
  })

  test('a server for sending that refuses is told as well', async () => {
    const match = { method: 'AUTH', account: ANN }
    sandbox.control.addFault({ kind: 'smtp.refuse', match, message: 'SMTP is disabled for this account' })
    expect(home(await connect())).toContain('reason=access_disabled')
    expect(await accounts()).toEqual([])
  })

  test('a refused consent and a stolen code bring back to where it began', async () => {
    const denied = await comeBack(await consent({ email: ANN }, { account: ANN, answer: 'deny' }))
    expect(home(denied)).toBe(
      `/connect/imap?${new URLSearchParams({ error: 'access_denied', provider: WAY, email: ANN })}`,
    )
    const stolen = await consent({ email: ANN }, { account: ANN, answer: 'allow' })
    const whose = person
    person = 'thief'
    await client.query(`INSERT INTO "user" (id, name, email) VALUES ('thief', 'Thief', 'thief@example.com')`)
    expect(home(await comeBack(stolen))).toBe(`/connect/imap?error=state_mismatch&provider=${WAY}`)
    person = whose
    expect((await comeBack(stolen, 'imap-other')).status).toBe(404)
    for (const query of [{}, { email: 'ann' }, { email: `ann\x01auth=x@mail.inlet.test` }])
      expect(home(await leave(query))).toBe('/connect/imap')
  })

  test('whoever has logins tried is stopped after ten, whichever way, and told so where it began', async () => {
    const { port = 0 } = sandbox.imap ?? {}
    const imap = { host: '127.0.0.1', port, security: 'none' }
    const body = JSON.stringify({ email: ANN, password: 'a guess', imap, smtp: null })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    const byPassword = () => ask(connectImap as never, 'http://inlet/', init)
    for (let at = 0; at < 9; at++) expect((await byPassword()).status).toBe(422)
    // Whoever does not want to has no login tried.
    await comeBack(await consent({ email: ANN }, { account: ANN, answer: 'deny' }))
    expect(home(await connect({ email: ANN }, BO))).toContain('error=mail_server_refused')
    const exchanges = () => sandbox.control.log.counts.get('POST /imap/oauth/token 200')
    const before = exchanges()
    const answer = await connect()
    const query = { error: 'rate_limited', provider: WAY, email: ANN }
    expect(home(answer)).toBe(`/connect/imap?${new URLSearchParams(query)}`)
    expect(exchanges()).toBe(before)
    expect(await accounts()).toEqual([])
    const refused = await byPassword()
    expect(refused.status).toBe(429)
    const { error } = await refused.json()
    expect(error.code).toBe(query.error)
    const cookie = new RegExp(`${REFUSED_COOKIE}=([^;]+)`).exec(answer.headers.get('set-cookie') ?? '')?.[1]
    const sentence = /^Too many tries\. Wait \d+ (s|minutes) and try again\.$/
    expect(error.message).toMatch(sentence)
    expect(whyBack(runtime, user(), query, cookie)).toMatch(sentence)
    expect(whyBack(runtime, user(), query, undefined)).toBe(
      'Too many tries. Wait some minutes and try again.',
    )
    // What is told of one refusal is not told of another.
    expect(whyBack(runtime, user(), { ...query, error: 'mail_server_refused' }, cookie)).toMatch(
      /^Sandbox Mail/,
    )
  })

  test('again, it goes the way it came, and keeps the account with its mail and its name', async () => {
    await connect({ email: ANN, name: 'Ann Ash' })
    const before = await accounts()
    const again = home(await leave({ email: ANN }, 'imap'))
    expect(again).toBe(`/api/accounts/connect/${WAY}?${new URLSearchParams({ email: ANN })}`)
    sandbox.control.imap.revoke(ANN)
    expect(home(await connect())).toContain('connected=')
    expect(await accounts()).toEqual(before)
    expect(await mails()).toBe(5)
  })

  test('a mailbox with a password is connected again by the form', async () => {
    const { port = 0 } = sandbox.imap ?? {}
    const imap = { host: '127.0.0.1', port, security: 'none' }
    const body = JSON.stringify({ email: BO, password: 'demo', imap, smtp: null })
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    expect((await ask(connectImap as never, 'http://inlet/', init)).status).toBe(200)
    for (const email of [BO, 'nobody@mail.inlet.test'])
      expect(home(await leave({ email }, 'imap'))).toBe(`/connect/imap?${new URLSearchParams({ email })}`)
  })

  test('disconnecting gives the grant back', async () => {
    await connect()
    const [account] = await accounts()
    const { accessToken } = await stored()
    await disconnectAccount(runtime.engine, account?.id, AbortSignal.timeout(10_000))
    expect(sandbox.control.log.counts.get('POST /imap/oauth/revoke 200')).toBe(1)
    const body = new URLSearchParams({ token: String(accessToken) })
    const asked = await fetch(`${sandbox.url}/imap/oauth/introspect`, { method: 'POST', body })
    expect(await asked.json()).toEqual({ active: false })
  })
})

test('no token and no secret is in a log line, an address, a cookie or a row', async () => {
  await connect()
  const { accessToken, refreshToken } = await stored()
  const { rows } = await client.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  )
  for (const secret of [accessToken, refreshToken, 'sandbox-mail-secret'].map(String)) {
    expect(secret.length).toBeGreaterThan(10)
    const forms = [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')]
    expect(told.filter(line => forms.some(form => line.includes(form)))).toEqual([])
    for (const { name } of rows) {
      const like = forms.map(form => `%${form}%`)
      const found = await client.query(`SELECT FROM ${name} t WHERE t::text LIKE ANY ($1) LIMIT 1`, [like])
      expect([name, found.rowCount]).toEqual([name, 0])
    }
  }
  expect(told.some(line => line.includes('could not be logged in to'))).toBe(true)
})
