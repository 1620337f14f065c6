import { createHash } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { expect, test } from 'vitest'
import { REVOCATIONS, type Revocation } from '../../src/microsoft/control/microsoft-control.ts'
import { DEFAULT_ENTRA_CLIENT, TENANT } from '../../src/microsoft/entra/clients.ts'
import type { Sandbox } from '../../src/sandbox.ts'
import { control } from '../helpers.ts'
import { OLGA, outlookForTest, PAUL } from './helpers.ts'

const REDIRECT = 'http://127.0.0.1/callback'
const VERIFIER = 'a-verifier-of-more-than-forty-three-characters-in-length'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const SCOPE =
  'openid profile email offline_access User.Read Mail.ReadWrite https://graph.microsoft.com/Mail.Send'

interface TokenAnswer {
  status: number
  body: Record<string, unknown> & {
    access_token: string
    refresh_token: string
    expires_in: number
    error_codes: number[]
  }
  headers: Headers
}

function authorizeUrl(sandbox: Sandbox, more: Record<string, string> = {}, tenant = 'common'): string {
  const query = new URLSearchParams({
    client_id: DEFAULT_ENTRA_CLIENT.id,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: SCOPE,
    state: 'st&te',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    nonce: 'once',
    ...more,
  })
  return `${sandbox.url}/${tenant}/oauth2/v2.0/authorize?${query.toString()}`
}

async function answerAs(
  sandbox: Sandbox,
  form: Record<string, string>,
  more: Record<string, string> = {},
): Promise<URL> {
  const response = await fetch(authorizeUrl(sandbox, more), {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  })
  expect(response.status).toBe(302)
  return new URL(response.headers.get('location') ?? '')
}

async function token(
  sandbox: Sandbox,
  form: Record<string, string>,
  tenant = 'common',
): Promise<TokenAnswer> {
  const response = await fetch(`${sandbox.url}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: DEFAULT_ENTRA_CLIENT.id,
      client_secret: DEFAULT_ENTRA_CLIENT.secret,
      ...form,
    }),
  })
  return {
    status: response.status,
    body: (await response.json()) as TokenAnswer['body'],
    headers: response.headers,
  }
}

function redeem(sandbox: Sandbox, code: string, more: Record<string, string> = {}): Promise<TokenAnswer> {
  return token(sandbox, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    ...more,
  })
}

async function signIn(sandbox: Sandbox, more: Record<string, string> = {}): Promise<TokenAnswer['body']> {
  const back = await answerAs(sandbox, { account: OLGA, answer: 'allow' }, more)
  return (await redeem(sandbox, back.searchParams.get('code') ?? '')).body
}

function refresh(
  sandbox: Sandbox,
  refreshToken: string,
  more: Record<string, string> = {},
): Promise<TokenAnswer> {
  return token(sandbox, { grant_type: 'refresh_token', refresh_token: refreshToken, ...more })
}

const worksFor = async (sandbox: Sandbox, access: string): Promise<number> =>
  (await fetch(`${sandbox.url}/v1.0/me`, { headers: { authorization: `Bearer ${access}` } })).status

test('a person picks an account; the code with PKCE gives tokens, an id token and the profile', async () => {
  const sandbox = await outlookForTest()
  const html = await (await fetch(authorizeUrl(sandbox, { login_hint: PAUL }))).text()
  expect(html).toContain(OLGA)
  expect(html).toMatch(new RegExp(`value="${PAUL}" checked`))
  const back = await answerAs(sandbox, { account: OLGA, answer: 'allow' })
  expect(back.searchParams.get('state')).toBe('st&te')
  const { status, body } = await redeem(sandbox, back.searchParams.get('code') ?? '')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    token_type: 'Bearer',
    scope: 'openid profile email User.Read Mail.ReadWrite Mail.Send',
  })
  expect(body.expires_in).toBeGreaterThanOrEqual(3600)
  expect(body.expires_in).toBeLessThan(5400)
  expect(await worksFor(sandbox, body.access_token)).toBe(200)
  const keys = createRemoteJWKSet(new URL(`${sandbox.url}/common/discovery/v2.0/keys`))
  const { payload } = await jwtVerify(String(body.id_token), keys, { audience: DEFAULT_ENTRA_CLIENT.id })
  expect(payload).toMatchObject({
    nonce: 'once',
    tid: TENANT,
    preferred_username: OLGA,
    oid: sandbox.control.microsoft.mailbox(OLGA).account.userId,
  })
  const headers = { authorization: `Bearer ${body.access_token}` }
  const info = (await (await fetch(`${sandbox.url}/oidc/userinfo`, { headers })).json()) as object
  expect(info).toMatchObject({ email: OLGA, sub: payload.sub })
  const found = await (await fetch(`${sandbox.url}/${TENANT}/v2.0/.well-known/openid-configuration`)).json()
  expect(found).toMatchObject({ token_endpoint: `${sandbox.url}/${TENANT}/oauth2/v2.0/token` })
})

test('a person refuses: the application is told, with its state', async () => {
  const sandbox = await outlookForTest()
  const back = await answerAs(sandbox, { account: OLGA, answer: 'deny' })
  expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: 'st&te' })
  expect(back.searchParams.has('code')).toBe(false)
})

test('a wrong client, address or tenant is shown to the person and never redirected to', async () => {
  const sandbox = await outlookForTest()
  for (const [more, code, tenant] of [
    [{ client_id: 'nobody' }, 'AADSTS700016', 'common'],
    [{ redirect_uri: 'http://evil.example/x' }, 'AADSTS50011', 'common'],
    [{ response_type: 'token' }, 'AADSTS900144', 'common'],
    [{}, 'AADSTS90002', 'nowhere'],
  ] as const) {
    const response = await fetch(authorizeUrl(sandbox, more, tenant), { redirect: 'manual' })
    expect([response.status, (await response.text()).includes(code)]).toEqual([400, true])
  }
})

test('no refresh token without offline_access', async () => {
  const sandbox = await outlookForTest()
  expect(await signIn(sandbox, { scope: 'openid Mail.Read' })).not.toHaveProperty('refresh_token')
})

test('each use of a refresh token gives a new one; the old one goes on for a while', async () => {
  const sandbox = await outlookForTest()
  const first = await signIn(sandbox)
  const second = (await refresh(sandbox, first.refresh_token)).body
  expect(second.refresh_token).not.toBe(first.refresh_token)
  expect(await worksFor(sandbox, first.access_token)).toBe(200)
  const again = await refresh(sandbox, first.refresh_token)
  expect(again.status).toBe(200)
  sandbox.control.advanceClock(25 * 3600_000)
  expect((await refresh(sandbox, first.refresh_token)).body).toMatchObject({
    error: 'invalid_grant',
    error_codes: [700082],
  })
  expect((await refresh(sandbox, second.refresh_token)).status).toBe(200)
})

test('a refresh token that nobody uses dies after 90 days; access tokens within 90 minutes', async () => {
  const sandbox = await outlookForTest()
  const { access_token, refresh_token } = await signIn(sandbox)
  sandbox.control.advanceClock(91 * 60_000)
  expect(await worksFor(sandbox, access_token)).toBe(401)
  sandbox.control.advanceClock(89 * 86_400_000)
  expect((await refresh(sandbox, refresh_token)).status).toBe(200)
  const { refresh_token: next } = await signIn(sandbox)
  sandbox.control.advanceClock(91 * 86_400_000)
  expect((await refresh(sandbox, next)).body).toMatchObject({ error: 'invalid_grant', error_codes: [700082] })
})

test('errors have the exact document of Entra', async () => {
  const sandbox = await outlookForTest()
  const back = await answerAs(sandbox, { account: OLGA, answer: 'allow' })
  const code = back.searchParams.get('code') ?? ''
  const { status, body } = await redeem(sandbox, code, { code_verifier: 'wrong' })
  expect(status).toBe(400)
  expect(body).toEqual({
    error: 'invalid_grant',
    error_description: expect.stringMatching(
      /^AADSTS501481: .* Trace ID: \S+ Correlation ID: \S+ Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
    ),
    error_codes: [501481],
    timestamp: expect.any(String),
    trace_id: expect.any(String),
    correlation_id: expect.any(String),
    error_uri: expect.stringContaining('501481'),
  })
  expect((await redeem(sandbox, code)).body).toMatchObject({ error: 'invalid_grant', error_codes: [54005] })
  expect((await redeem(sandbox, 'nonsense')).body).toMatchObject({
    error: 'invalid_grant',
    error_codes: [70000],
  })
  expect(await refresh(sandbox, 'nonsense')).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant', error_codes: [70000] },
  })
  expect(await refresh(sandbox, 'x', { client_secret: 'wrong' })).toMatchObject({
    status: 401,
    body: { error: 'invalid_client', error_codes: [7000215] },
  })
  expect(await refresh(sandbox, 'x', { client_id: 'nobody' })).toMatchObject({
    body: { error: 'unauthorized_client', error_codes: [700016] },
  })
  expect(await token(sandbox, { grant_type: 'password' })).toMatchObject({
    body: { error: 'unsupported_grant_type' },
  })
  expect(await token(sandbox, { grant_type: 'refresh_token', refresh_token: 'x' }, 'nowhere')).toMatchObject({
    body: { error_codes: [90002] },
  })
  const { refresh_token } = await signIn(sandbox)
  expect(await refresh(sandbox, refresh_token, { scope: 'Mail.ReadWrite Files.Read' })).toMatchObject({
    body: { error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' },
  })
  expect(
    (await refresh(sandbox, refresh_token, { scope: 'https://graph.microsoft.com/.default' })).status,
  ).toBe(200)
})

test('a revoked account: 401 now, and a refusal whose code says why', async () => {
  const expected: Record<Revocation, [error: string, suberror: string | undefined]> = {
    expired: ['invalid_grant', undefined],
    inactive: ['invalid_grant', undefined],
    password: ['invalid_grant', 'bad_token'],
    consent: ['invalid_grant', 'consent_required'],
    mfa: ['interaction_required', 'basic_action'],
    policy: ['interaction_required', 'message_only'],
  }
  const sandbox = await outlookForTest()
  for (const [reason, [error, suberror]] of Object.entries(expected)) {
    const { access_token, refresh_token } = await signIn(sandbox)
    const { body } = await control(sandbox, 'microsoft/revoke', { account: OLGA, reason })
    expect(body.tokens).toBeGreaterThanOrEqual(2)
    expect(await worksFor(sandbox, access_token)).toBe(401)
    const refused = await refresh(sandbox, refresh_token)
    expect(refused.body.suberror).toBe(suberror)
    expect([refused.status, refused.body.error, refused.body.error_codes]).toEqual([
      400,
      error,
      [REVOCATIONS[reason as Revocation]],
    ])
  }
  expect(sandbox.control.microsoft.token(PAUL).access_token).toBeTruthy()
})

test('access tokens can be ended alone', async () => {
  const sandbox = await outlookForTest()
  const { access_token, refresh_token } = await signIn(sandbox)
  expect((await control(sandbox, 'microsoft/expire-tokens', { account: OLGA })).body).toEqual({ tokens: 1 })
  expect(await worksFor(sandbox, access_token)).toBe(401)
  expect((await refresh(sandbox, refresh_token)).status).toBe(200)
})

test('faults of the token endpoint: down, throttled, or with a code by name or number', async () => {
  const sandbox = await outlookForTest()
  const { refresh_token } = await signIn(sandbox)
  const path = '/*/oauth2/v2.0/token'
  const strike = async (fault: object): Promise<TokenAnswer> => {
    await control(sandbox, 'faults', { kind: 'status', match: { path }, count: 1, ...fault })
    return refresh(sandbox, refresh_token)
  }
  expect(await strike({ status: 503 })).toMatchObject({
    status: 503,
    body: { error: 'temporarily_unavailable' },
  })
  const throttled = await strike({ status: 429, retryAfter: 7 })
  expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '7'])
  expect(await strike({ reason: 'temporarily_unavailable' })).toMatchObject({
    status: 503,
    body: { error_codes: [90033] },
  })
  expect(await strike({ reason: 'AADSTS7000222' })).toMatchObject({
    status: 401,
    body: { error: 'invalid_client', error_codes: [7000222] },
  })
  expect(await strike({ reason: 'interaction_required' })).toMatchObject({
    status: 400,
    body: { error: 'interaction_required', error_codes: [50076] },
  })
  expect((await refresh(sandbox, refresh_token)).status).toBe(200)
})
