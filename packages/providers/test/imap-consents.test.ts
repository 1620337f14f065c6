import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { noPlaces } from '@inlet/sync/places'
import type { Connection } from '@inlet/sync/provider-port'
import type { Grant } from '@inlet/sync/store-port'
import { realWorld } from '@inlet/sync/world'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAccounts } from '../src/imap/account.ts'
import type { MailResolver } from '../src/imap/find-settings.ts'
import type { ImapOAuth } from '../src/imap/oauth.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { createImap } from '../src/imap.ts'
import { mailProviders } from '../src/registry.ts'

const never = new AbortController().signal
const nothing = () => Promise.reject(new Error('ENODATA'))
const tls = (host: string, port: number) => ({ host, port, security: 'tls' }) as const

/** What came to the token service, and what it says next. */
const asked: { path: string; authorization: string | undefined; form: Record<string, string> }[] = []
let answer: { status: number; body: object } = { status: 200, body: {} }
let base = ''
const service = createServer((request, response) => {
  let text = ''
  request.on('data', chunk => {
    text += chunk
  })
  request.on('end', () => {
    const form = Object.fromEntries(new URLSearchParams(text))
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization, form })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
})
beforeAll(async () => {
  await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
})
afterAll(() => new Promise(resolve => service.close(resolve)))
afterEach(() => {
  asked.length = 0
})

const company = (more: Partial<ImapOAuth> = {}): ImapOAuth => ({
  ...{ id: 'company', name: 'Company', domains: ['company.example'], hosts: ['mail.company.example'] },
  imap: tls('imap.company.example', 993),
  smtp: tls('smtp.company.example', 465),
  authorizeUrl: `${base}/authorize?realm=mail`,
  tokenUrl: `${base}/token`,
  revokeUrl: `${base}/revoke`,
  ...{ clientId: 'inlet', clientSecret: 's3cret&more', clientAuthentication: 'post' },
  ...{ scopes: ['mail', 'offline_access'], authorizeParameters: { prompt: 'consent' }, passwords: true },
  ...more,
})
const adapter = (more: Partial<ImapOAuth> = {}, resolver: MailResolver = { mx: nothing, srv: nothing }) =>
  createImap({ oauth: [company(more)] }, realWorld, { lookup: nothing, resolver })

const tokens = (more: object = {}) => ({ access_token: 'access-1', refresh_token: 'refresh-1', ...more })
const ann = { email: 'ann@company.example', displayName: 'Ann' }
async function granted(more: Partial<ImapOAuth> = {}): Promise<Grant> {
  answer = { status: 200, body: tokens({ expires_in: 3_600 }) }
  const consent = adapter(more).consents.of('company')
  if (!consent) throw new Error('It is not configured.')
  const given = { code: 'c', codeVerifier: 'v', redirectUri: 'r' }
  return consent.grant(await consent.oauth.exchange(given, never), ann)
}

describe('who is offered a consent page', () => {
  test('an address of a configured domain, without a question to the network', async () => {
    const consent = { id: 'company', name: 'Company' }
    const own = { source: 'configured', imap: { host: 'imap.company.example' }, login: 'password', consent }
    expect(await adapter().findSettings('Ann@Company.example', never)).toMatchObject([own])
    expect(await adapter({ passwords: false }).findSettings(ann.email, never)).toMatchObject([
      { login: 'oauth', note: null, consent },
    ])
  })

  test('an address of a known provider, which keeps what is known of its passwords', async () => {
    const more = { domains: ['fastmail.com'], imap: tls('imap.fastmail.com', 993) }
    const [found] = await adapter(more).findSettings('ann@fastmail.com', never)
    expect(found).toMatchObject({ login: 'app_password', note: expect.stringMatching(/app password/) })
    const [other] = await adapter({ ...more, domains: [] }).findSettings('ann@fastmail.com', never)
    expect(other).toMatchObject({ source: 'known', consent: { id: 'company' } })
    expect(await adapter().findSettings('ann@fastmail.com', never)).toMatchObject([{ consent: null }])
    // On another port of the machine there is another server.
    const beside = { domains: [], imap: tls('imap.fastmail.com', 1993) }
    expect(await adapter(beside).findSettings('ann@fastmail.com', never)).toMatchObject([{ consent: null }])
  })

  test('a domain of its own whose mail it handles', async () => {
    const mx: MailResolver['mx'] = async () => [{ exchange: 'in1-smtp.messagingengine.com', priority: 1 }]
    const resolver = { mx, srv: nothing }
    const byHost = { domains: [], imap: tls('imap.other.example', 993), hosts: ['imap.fastmail.com'] }
    expect(await adapter(byHost, resolver).findSettings('ann@own.example', never)).toMatchObject([
      { source: 'mx', login: 'app_password', consent: { name: 'Company' } },
    ])
  })
})

test('what is configured is told for whoever types its server: where it leads, and nothing of its client', () => {
  const { configured } = adapter({ passwords: false }).consents
  const own = { source: 'configured', name: 'Company', login: 'oauth', user: '', note: null }
  const servers = { imap: tls('imap.company.example', 993), smtp: tls('smtp.company.example', 465) }
  const way = { ...own, ...servers, consent: { id: 'company', name: 'Company' } }
  expect(configured).toEqual([{ way, hosts: ['mail.company.example'] }])
})

describe('a grant by consent', () => {
  test('names the configured servers only, and holds no password', async () => {
    const { data } = await granted()
    expect(data).toMatchObject({
      ...{ email: ann.email, displayName: 'Ann', user: ann.email, password: null, oauth: 'company' },
      ...{ imapHost: 'imap.company.example', imapPort: 993, imapSecurity: 'tls' },
      ...{ smtpHost: 'smtp.company.example', smtpPort: 465, smtpSecurity: 'tls' },
      ...{ accessToken: 'access-1', refreshToken: 'refresh-1' },
    })
    expect((await granted()).data.consent).not.toBe(data.consent)
  })

  test('asks for consent at the configured address, whose own query stays', () => {
    const { url } = adapter().consents.of('company')?.oauth.authorize({
      redirectUri: 'http://localhost/back',
      loginHint: ann.email,
    }) ?? { url: '' }
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
      ...{ realm: 'mail', prompt: 'consent', login_hint: ann.email, scope: 'mail offline_access' },
      ...{ client_id: 'inlet', response_type: 'code', code_challenge_method: 'S256' },
    })
    expect(url).not.toContain('s3cret')
  })

  test.each([
    ['in the body', {}, undefined, { client_id: 'inlet', client_secret: 's3cret&more' }],
    ['as Basic', { clientAuthentication: 'basic' }, `Basic ${btoa('inlet:s3cret%26more')}`, {}],
    ['by nothing but PKCE', { clientSecret: null }, undefined, { client_id: 'inlet' }],
  ] as const)('proves the client %s', async (_, more, authorization, credentials) => {
    await granted(more)
    const { form, ...rest } = asked[0] ?? { form: {} }
    expect(rest).toEqual({ path: '/token', authorization })
    const exchange = { grant_type: 'authorization_code', code: 'c', code_verifier: 'v', redirect_uri: 'r' }
    expect(form).toEqual({ ...exchange, ...credentials })
  })

  test('is refreshed with its way in, whether the refresh token rotates or not, and given back', async () => {
    const grant = await granted()
    const { refresh, token, revoke } = mailProviders({ imap: adapter() }).get('imap') ?? {}
    answer = { status: 200, body: { access_token: 'access-2', refresh_token: 'refresh-2' } }
    const second = await refresh?.(grant, never)
    expect(second?.data).toEqual({
      ...grant.data,
      ...{ accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: expect.any(Number) },
    })
    // Its lifetime was not told: it is taken for short.
    const life = (token?.(second ?? grant)?.expiresAt ?? 0) - Date.now()
    expect(life).toBeGreaterThan(60_000)
    expect(life).toBeLessThan(3_000_000)
    answer = { status: 200, body: { access_token: 'access-3' } }
    const third = await refresh?.(second ?? grant, never)
    expect(third?.data).toMatchObject({ accessToken: 'access-3', refreshToken: 'refresh-2' })
    await revoke?.(third ?? grant, never)
    expect(asked.at(-1)).toMatchObject({ path: '/revoke', form: { token: 'refresh-2', client_id: 'inlet' } })
  })

  test.each([
    [
      400,
      { error: 'invalid_grant', error_description: 'refresh-1 is dead' },
      { kind: 'unauthorized', reconnect: true },
    ],
    [401, { error: 'invalid_client' }, { kind: 'permanent' }],
    [503, {}, { kind: 'transient' }],
    [429, {}, { kind: 'rate_limited' }],
  ])('that cannot be refreshed: %s %j', async (status, body, expected) => {
    const grant = await granted()
    answer = { status, body }
    const error = await adapter()
      .consents.refresh(grant, never)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject(expected)
    expect(String(error)).toMatch(/Company/)
    expect(String(error)).not.toMatch(/refresh-1|s3cret/)
  })

  test('waits while its provider is not configured, and a password holds no token', async () => {
    const grant = await granted()
    const none = createImap()
    await expect(none.consents.refresh(grant, never)).rejects.toMatchObject({ kind: 'permanent' })
    expect(none.consents.token(grant)).toBeNull()
    await none.consents.revoke(grant, never)
    const password = { data: { user: 'ann', password: 'p' } }
    expect(adapter().consents.token(password)).toBeNull()
    await expect(adapter().consents.refresh(password, never)).rejects.toMatchObject({ reconnect: true })
  })
})

test('connections live through a refresh, belong to one consent, and ask whoever came last for a token', async () => {
  const accounts = createAccounts({ settings: withDefaults(), world: realWorld })
  const grant = await granted()
  const conn = (data: Grant['data'], token: string): Connection => ({
    ...{ accountId: 'a', email: ann.email, places: noPlaces },
    accessToken: async (_signal, stale) => `${token} after ${stale}`,
    secret: async () => data,
  })
  const first = await accounts.of(conn(grant.data, 'one'), never)
  const refreshed = { ...grant.data, accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: 1 }
  expect(await accounts.of(conn(refreshed, 'two'), never)).toBe(first)
  expect(await first.access.secret(never, 'old')).toEqual({ accessToken: 'two after old' })
  expect(await accounts.of(conn((await granted()).data, 'three'), never)).not.toBe(first)
  await accounts.close()
})
