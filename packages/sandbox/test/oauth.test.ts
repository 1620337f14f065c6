import { CodeChallengeMethod } from 'google-auth-library'
import { describe, expect, test } from 'vitest'
import { ANNA, control, failureOf, gmailFor, oauthClient, sandboxForTest } from './helpers.ts'

const SCOPES = ['openid', 'email', 'https://mail.google.com/']

async function consent(url: string, answer: 'allow' | 'deny'): Promise<URL> {
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ account: ANNA, answer }),
    redirect: 'manual',
  })
  expect(response.status).toBe(302)
  return new URL(response.headers.get('location') ?? '')
}

describe('the consent page', () => {
  test('lists the accounts and scopes, and preselects login_hint', async () => {
    const sandbox = await sandboxForTest()
    const url = oauthClient(sandbox).generateAuthUrl({ scope: SCOPES, login_hint: 'ben@inlet.test' })
    const page = await (await fetch(url)).text()
    expect(page).toContain('https://mail.google.com/')
    expect(page).toMatch(/value="ben@inlet\.test" checked/)
    expect(page).not.toMatch(/value="anna@inlet\.test" checked/)
  })

  test('gives a code for the right verifier, once, with an identity token that verifies', async () => {
    const sandbox = await sandboxForTest()
    const client = oauthClient(sandbox)
    const { codeVerifier, codeChallenge = '' } = await client.generateCodeVerifierAsync()
    const target = await consent(
      client.generateAuthUrl({
        scope: SCOPES,
        access_type: 'offline',
        prompt: 'consent',
        state: 'a&b=c',
        code_challenge: codeChallenge,
        code_challenge_method: CodeChallengeMethod.S256,
      }),
      'allow',
    )
    expect(target.searchParams.get('state')).toBe('a&b=c')
    const code = target.searchParams.get('code') ?? ''
    const { tokens } = await client.getToken({ code, codeVerifier })
    expect(tokens.refresh_token).toMatch(/^1\/\//)
    expect(tokens.scope).toBe(SCOPES.join(' '))
    const ticket = await client.verifyIdToken({
      idToken: tokens.id_token ?? '',
      audience: client._clientId ?? '',
    })
    expect(ticket.getPayload()).toMatchObject({
      email: ANNA,
      email_verified: true,
      iss: 'https://accounts.google.com',
    })
    client.setCredentials(tokens)
    const info = await client.request<{ sub: string }>({ url: `${sandbox.url}/oauth2/v3/userinfo` })
    expect(info.data.sub).toBe(ticket.getUserId())
    expect(await failureOf(client.getToken({ code, codeVerifier }))).toMatchObject({
      status: 400,
      reason: 'invalid_grant',
    })
  })

  test('refuses a wrong or missing verifier', async () => {
    const sandbox = await sandboxForTest()
    const client = oauthClient(sandbox)
    const { codeChallenge = '' } = await client.generateCodeVerifierAsync()
    const pkce = {
      scope: SCOPES,
      code_challenge: codeChallenge,
      code_challenge_method: CodeChallengeMethod.S256,
    }
    for (const codeVerifier of ['wrong', undefined]) {
      const target = await consent(client.generateAuthUrl(pkce), 'allow')
      const code = target.searchParams.get('code') ?? ''
      const failure = await failureOf(
        client.getToken({ code, ...(codeVerifier !== undefined && { codeVerifier }) }),
      )
      expect(failure).toMatchObject({ status: 400, reason: 'invalid_grant' })
    }
  })

  test('gives no refresh token without access_type=offline', async () => {
    const sandbox = await sandboxForTest()
    const client = oauthClient(sandbox)
    const target = await consent(client.generateAuthUrl({ scope: SCOPES, access_type: 'online' }), 'allow')
    const { tokens } = await client.getToken(target.searchParams.get('code') ?? '')
    expect(tokens.access_token).toBeTruthy()
    expect(tokens.refresh_token).toBeUndefined()
  })

  test('sends access_denied back when the person refuses', async () => {
    const sandbox = await sandboxForTest()
    const target = await consent(oauthClient(sandbox).generateAuthUrl({ scope: SCOPES, state: 's' }), 'deny')
    expect(target.searchParams.get('error')).toBe('access_denied')
    expect(target.searchParams.get('code')).toBeNull()
  })

  test('never redirects to an address that is not registered', async () => {
    const sandbox = await sandboxForTest()
    const url = oauthClient(sandbox, 'http://evil.example/').generateAuthUrl({ scope: SCOPES })
    const response = await fetch(url, { redirect: 'manual' })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('redirect_uri_mismatch')
  })
})

describe('the token endpoint', () => {
  test('names a wrong redirect address, client and secret as Google does', async () => {
    const sandbox = await sandboxForTest()
    const client = oauthClient(sandbox)
    const target = await consent(client.generateAuthUrl({ scope: SCOPES }), 'allow')
    const code = target.searchParams.get('code') ?? ''
    const other = oauthClient(sandbox, 'http://127.0.0.1/other')
    expect(await failureOf(other.getToken(code))).toMatchObject({
      status: 400,
      reason: 'redirect_uri_mismatch',
    })
    const post = (form: Record<string, string>): Promise<Response> =>
      fetch(`${sandbox.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', ...form }),
      })
    for (const form of [
      { client_id: 'nobody' },
      { client_id: client._clientId ?? '', client_secret: 'wrong' },
    ]) {
      const response = await post(form)
      expect(response.status).toBe(401)
      expect(await response.json()).toMatchObject({ error: 'invalid_client' })
    }
  })

  test('an expired access token is a 401 authError, and the client refreshes by itself', async () => {
    const sandbox = await sandboxForTest()
    const { access_token, refresh_token } = sandbox.control.token(ANNA)
    sandbox.control.advanceClock(3600_000)
    const response = await fetch(`${sandbox.url}/gmail/v1/users/me/profile`, {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({
      error: { status: 'UNAUTHENTICATED', errors: [{ reason: 'authError' }] },
    })
    const client = oauthClient(sandbox)
    client.setCredentials({ access_token, refresh_token })
    const profile = await client.request<{ emailAddress: string }>({
      url: `${sandbox.url}/gmail/v1/users/me/profile`,
    })
    expect(profile.data.emailAddress).toBe(ANNA)
  })

  test('revoking any token kills all tokens of the person', async () => {
    const sandbox = await sandboxForTest()
    const other = sandbox.control.token(ANNA)
    const gmail = gmailFor(sandbox)
    await gmail.users.getProfile({ userId: 'me' })
    const client = oauthClient(sandbox)
    await client.revokeToken(other.access_token)
    // The library does not refresh on 401 while it believes its access token to be fresh.
    expect(await failureOf(gmail.users.getProfile({ userId: 'me' }))).toMatchObject({
      status: 401,
      reason: 'authError',
    })
    client.setCredentials({ refresh_token: other.refresh_token })
    expect(await failureOf(client.getAccessToken())).toEqual({
      status: 400,
      reason: 'invalid_grant',
      retryAfter: null,
    })
  })

  test('rotation as a fault: the answer brings a new refresh token and the old one dies', async () => {
    const sandbox = await sandboxForTest()
    const { refresh_token } = sandbox.control.token(ANNA)
    await control(sandbox, 'faults', { kind: 'oauth.rotate', count: 1 })
    const client = oauthClient(sandbox)
    client.setCredentials({ refresh_token })
    // The library tells of a rotated token in its event only; its own credentials keep the dead one.
    let rotated: string | null | undefined
    client.on('tokens', tokens => {
      rotated = tokens.refresh_token
    })
    await client.getAccessToken()
    expect(rotated).toMatch(/^1\/\//)
    expect(rotated).not.toBe(refresh_token)
    const old = oauthClient(sandbox)
    old.setCredentials({ refresh_token })
    expect((await failureOf(old.getAccessToken())).reason).toBe('invalid_grant')
    client.setCredentials({ refresh_token: rotated ?? '' })
    expect((await client.getAccessToken()).token).toBeTruthy()
  })

  test('tokeninfo tells the scopes of a live access token', async () => {
    const sandbox = await sandboxForTest()
    const { access_token } = sandbox.control.token(ANNA, ['https://www.googleapis.com/auth/gmail.readonly'])
    const info = await oauthClient(sandbox).getTokenInfo(access_token)
    expect(info).toMatchObject({ email: ANNA, scopes: ['https://www.googleapis.com/auth/gmail.readonly'] })
  })
})
