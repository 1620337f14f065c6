import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { createVault } from '@inlet/db/vault'
import { parseKeyRing } from '@inlet/runtime/keys'
import pg from 'pg'
import { deliver, expect, product, test } from './product.ts'

/** I12: no answer and no log line holds a secret. Every route is asked, in every way that it can be asked. */

type Ask = { method: string; path: string; body?: unknown }
type Ids = { account: string; message: string; attachment: string }

const NOBODY = 'AAAAAAAAAAAAAAAA'
const get = (...paths: string[]): Ask[] => paths.map(path => ({ method: 'GET', path }))
const post = (path: string, ...bodies: unknown[]): Ask[] =>
  bodies.map(body => ({ method: 'POST', path, body }))

/** By the folder of each route below `app`: what it is asked. A route that is not here fails the test. */
const asks: Record<string, (ids: Ids) => Ask[]> = {
  'api/accounts/[id]': () => [{ method: 'DELETE', path: `/api/accounts/${NOBODY}` }],
  'api/accounts/[id]/backfill': ({ account }) => post(`/api/accounts/${account}/backfill`, {}),
  'api/accounts/[id]/reconciliations': ({ account }) => get(`/api/accounts/${account}/reconciliations`),
  'api/accounts/[id]/start': ({ account }) => post(`/api/accounts/${account}/start`, {}),
  // Others go on with this account.
  'api/accounts/[id]/stop': ({ account }) => [
    ...post(`/api/accounts/${account}/stop`, {}),
    ...post(`/api/accounts/${account}/start`, {}),
  ],
  'api/accounts/[id]/watch': ({ account }) => post(`/api/accounts/${account}/watch`, {}),
  'api/accounts/callback/[provider]': () =>
    get(
      ...['gmail', 'graph', 'nobody'].map(
        provider => `/api/accounts/callback/${provider}?state=forged&code=forged`,
      ),
    ),
  'api/accounts/connect/[provider]': () =>
    get('/api/accounts/connect/gmail', '/api/accounts/connect/graph', '/api/accounts/connect/nobody'),
  'api/accounts/imap': () =>
    post(
      '/api/accounts/imap',
      {},
      { email: 'a@example.com', password: 'x', imapHost: 'localhost', imapPort: 1, imapSecurity: 'tls' },
    ),
  'api/accounts/imap/settings': () => post('/api/accounts/imap/settings', {}, { email: 'a@127.0.0.1' }),
  'api/attachments/[id]': ({ attachment }) =>
    get(`/api/attachments/${attachment}`, `/api/attachments/${NOBODY}`),
  'api/auth/[...all]': () => [
    ...get('/api/auth/get-session', '/api/auth/list-sessions', '/api/auth/list-accounts', '/api/auth/error'),
    ...post('/api/auth/sign-in/email', {}, { email: 'nobody@example.com', password: 'a wrong password' }),
  ],
  'api/changes': () =>
    get('/api/changes?before=start&limit=500', '/api/changes?after=0&limit=500', '/api/changes?after=no'),
  'api/changes/ack': () => post('/api/changes/ack', { cursor: 1 }, {}),
  'api/cron/drain': () => get('/api/cron/drain'),
  'api/cron/poll': () => get('/api/cron/poll'),
  'api/cron/prune': () => get('/api/cron/prune'),
  'api/cron/reconcile': () => get('/api/cron/reconcile'),
  'api/cron/renew-watches': () => get('/api/cron/renew-watches'),
  'api/health': () => get('/api/health'),
  'api/messages': () => get('/api/messages?limit=50', '/api/messages?limit=no'),
  'api/messages/[id]/body': ({ message }) =>
    get(`/api/messages/${message}/body`, `/api/messages/${NOBODY}/body`),
  'api/metrics': () => get('/api/metrics'),
  'api/mutations': ({ message }) => [
    ...get('/api/mutations', '/api/mutations?clientIds=secrets-0'),
    ...post(
      '/api/mutations',
      {},
      {
        mutations: [
          { clientId: 'secrets-0', body: { type: 'star', messageIds: [message], starred: true } },
          { clientId: 'secrets-1', body: { type: 'star', messageIds: [NOBODY], starred: true } },
        ],
      },
    ),
  ],
  'api/search': () => get('/api/search?q=hello', '/api/search?q='),
  'api/sse/email-updates': () => get('/api/sse/email-updates?after=0', '/api/sse/email-updates?after=no'),
  'api/sync': () => post('/api/sync', {}, { accountId: NOBODY }),
  'api/sync/history': () => get('/api/sync/history'),
  'api/sync/status': () => get('/api/sync/status'),
  'api/webhooks/gmail': () => post('/api/webhooks/gmail', {}, { message: { data: 'x' } }),
  'api/webhooks/graph': () =>
    post('/api/webhooks/graph', {}, { value: [{ subscriptionId: 'x', clientState: 'x' }] }),
  demo: () => get('/demo', '/demo?token=wrong'),
}
const pages = ['/', '/settings', '/connect', '/connect/imap', '/sign-in', '/nowhere']

function routes(): string[] {
  const app = join(import.meta.dirname, '..', 'src', 'app')
  return readdirSync(app, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name === 'route.ts')
    .map(({ parentPath }) => relative(app, parentPath))
    .sort()
}

/** The answer with its headers, up to 2 MB; of a stream what comes in two seconds. */
async function answerTo({ method, path, body }: Ask, headers: Record<string, string>): Promise<string> {
  const response = await fetch(product().baseUrl + path, {
    method,
    redirect: 'manual',
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  })
  const streams = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  const reader = response.body?.getReader()
  const timer = streams ? setTimeout(() => void reader?.cancel(), 2_000) : undefined
  const parts: Uint8Array[] = []
  for (let size = 0; reader && size < 2_000_000; ) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    size += value.length
  }
  clearTimeout(timer)
  await reader?.cancel()
  return `${JSON.stringify([...response.headers])}\n${Buffer.concat(parts)}`
}

/** What each account's grant holds and nobody may see, and what the installation itself keeps. */
async function secrets(client: pg.Client): Promise<Map<string, string>> {
  const own = JSON.parse(readFileSync(join(product().dataDir, 'secrets.json'), 'utf8')) as {
    encryptionKeys: string
  }
  const found = new Map(Object.entries(own).map(([name, value]) => [name, value]))
  found.set('the key itself', own.encryptionKeys.slice(own.encryptionKeys.indexOf(':') + 1))
  const vault = createVault(parseKeyRing(own.encryptionKeys))
  const grants = await client.query<{ account_id: string; key_id: string; ciphertext: Buffer }>(
    'SELECT account_id, key_id, ciphertext FROM account_grant',
  )
  for (const { account_id, key_id, ciphertext } of grants.rows) {
    const grant = JSON.parse(vault.open({ keyId: key_id, ciphertext }, account_id)) as { data: object }
    for (const [name, value] of Object.entries(grant.data))
      if (/token|password|secret/i.test(name) && typeof value === 'string' && value.length > 6)
        found.set(`${name} of ${account_id}`, value)
  }
  const hashes = await client.query<{ id: string; hash: Buffer }>(
    'SELECT resource_id AS id, secret_hash AS hash FROM watch WHERE secret_hash IS NOT NULL',
  )
  for (const { id, hash } of hashes.rows) found.set(`hash of a watch of ${id}`, hash.toString('hex'))
  return found
}

/** As it is, and as it stands in JSON, a URL or base64. */
const forms = (secret: string) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
]
const holding = (text: string, all: Map<string, string>): string[] =>
  [...all].filter(([, secret]) => forms(secret).some(form => text.includes(form))).map(([name]) => name)

test('no answer of any route, no page and no log line holds a secret, and the search for them would find them', async () => {
  test.setTimeout(240_000)
  const { baseUrl, link, databaseUrl, cronSecret, dataDir } = product()
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const subject = await deliver()
    const messageOf = async () =>
      (await client.query<{ id: string }>('SELECT id FROM message WHERE subject = $1', [subject])).rows[0]?.id
    await expect.poll(messageOf).toBeDefined()
    const one = async (sql: string) => (await client.query<{ id: string }>(sql)).rows[0]?.id ?? NOBODY
    const ids = {
      message: (await messageOf()) ?? NOBODY,
      account: await one(`SELECT id FROM account WHERE provider = 'gmail' AND email = 'demo@inlet.test'`),
      attachment: await one('SELECT id FROM attachment LIMIT 1'),
    }
    expect(routes()).toEqual(Object.keys(asks).sort())
    const signedIn = await fetch(link, { redirect: 'manual' })
    const cookie = signedIn.headers
      .getSetCookie()
      .map(each => each.split(';')[0])
      .join('; ')
    const who = {
      nobody: {},
      demo: { cookie, origin: baseUrl },
      timer: { authorization: `Bearer ${cronSecret}` },
    }
    const answers: { asked: string; text: string }[] = []
    const all = [...routes().flatMap(route => asks[route]?.(ids) ?? []), ...get(...pages)]
    for (const [name, headers] of Object.entries(who))
      for (const ask of all)
        answers.push({ asked: `${name}: ${ask.method} ${ask.path}`, text: await answerTo(ask, headers) })
    for (const file of readdirSync(join(dataDir, 'logs')))
      answers.push({ asked: `logs/${file}`, text: readFileSync(join(dataDir, 'logs', file), 'utf8') })

    const known = await secrets(client)
    // Google's and Microsoft's. The demo mailbox's password is a word; imap-account.imap.test.ts looks for a longer one.
    expect([...known.keys()].filter(name => name.startsWith('refreshToken of')).length).toBeGreaterThan(1)
    const leaks = answers.flatMap(({ asked, text }) => holding(text, known).map(name => `${asked}: ${name}`))
    expect(leaks).toEqual([])
    // The control: each of them is seen, however it is written.
    for (const [name, secret] of known)
      for (const form of forms(secret)) expect(holding(`{"a":"${form}"}`, known)).toContain(name)
    // And what was asked was answered: rows, a stream, a page.
    const answered = (asked: string) => answers.find(each => each.asked === asked)?.text ?? ''
    expect(answered('demo: GET /api/changes?before=start&limit=500')).toContain(subject)
    expect(answered('demo: GET /api/sse/email-updates?after=0')).toContain('event: hello')
    expect(answered('demo: GET /settings')).toContain('<html')
  } finally {
    await client.end()
  }
})
