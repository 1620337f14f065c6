import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GMAIL_SCOPES } from '../src/gmail/oauth.ts'
import { createGmail } from '../src/gmail.ts'
import { type SandboxWorld, sandboxConfig, sandboxWorld } from './sandbox-world.ts'

const never = new AbortController().signal
const REDIRECT = 'http://127.0.0.1:3000/connect/google/callback'

describe('connecting a Google account', () => {
  let world: SandboxWorld
  beforeAll(async () => {
    world = await sandboxWorld()
  })
  afterAll(() => world.close())

  /** The person on Google's page. */
  const consent = async (url: string, email: string, answer = 'allow') => {
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ account: email, answer }),
      redirect: 'manual',
    })
    return new URL(response.headers.get('location') ?? '')
  }

  test('sends the person off with state, PKCE and what brings a refresh token', () => {
    const { url, state, codeVerifier } = world.port.oauth.authorize({
      redirectUri: REDIRECT,
      loginHint: 'me@inlet.test',
    })
    const query = new URL(url).searchParams
    expect(Object.fromEntries(query)).toMatchObject({
      redirect_uri: REDIRECT,
      response_type: 'code',
      access_type: 'offline',
      prompt: 'consent',
      login_hint: 'me@inlet.test',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      state,
      scope: GMAIL_SCOPES.join(' '),
    })
    expect(state.length).toBeGreaterThanOrEqual(32)
    expect(world.port.oauth.authorize({ redirectUri: REDIRECT }).state).not.toBe(state)
  })

  test('exchanges the code for a grant that works, refreshes and can be given back', async () => {
    const { conn } = await world.newAccount()
    const { oauth } = world.port
    const { url, state, codeVerifier } = oauth.authorize({ redirectUri: REDIRECT })
    const back = await consent(url, conn.email)
    expect(back.searchParams.get('state')).toBe(state)
    const grant = await oauth.exchange(
      { code: back.searchParams.get('code') ?? '', codeVerifier, redirectUri: REDIRECT },
      never,
    )
    expect(Object.keys(grant.data).sort()).toEqual(['accessToken', 'expiresAt', 'refreshToken', 'scopes'])
    const token = oauth.token(grant)
    expect(token?.expiresAt).toBeGreaterThan(Date.now())
    const access = { ...conn, accessToken: async () => token?.accessToken ?? '' }
    expect((await world.port.identify(access, never)).email).toBe(conn.email)
    const refreshed = await oauth.refresh(grant, never)
    expect(refreshed.data.refreshToken).toBe(grant.data.refreshToken)
    expect(refreshed.data.accessToken).not.toBe(grant.data.accessToken)
    await oauth.revoke(refreshed, never)
    await expect(oauth.refresh(refreshed, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
    await oauth.revoke(refreshed, never)
  })

  test('refuses a code with another verifier, and a code used twice', async () => {
    const { conn } = await world.newAccount()
    const { oauth } = world.port
    const { url } = oauth.authorize({ redirectUri: REDIRECT })
    const code = (await consent(url, conn.email)).searchParams.get('code') ?? ''
    await expect(
      oauth.exchange({ code, codeVerifier: 'x'.repeat(43), redirectUri: REDIRECT }, never),
    ).rejects.toMatchObject({ kind: 'unauthorized' })
    const fresh = oauth.authorize({ redirectUri: REDIRECT })
    const once = (await consent(fresh.url, conn.email)).searchParams.get('code') ?? ''
    await oauth.exchange({ code: once, codeVerifier: fresh.codeVerifier, redirectUri: REDIRECT }, never)
    await expect(
      oauth.exchange({ code: once, codeVerifier: fresh.codeVerifier, redirectUri: REDIRECT }, never),
    ).rejects.toMatchObject({ kind: 'unauthorized', reconnect: true })
  })

  test('keeps a rotated refresh token', async () => {
    const { conn } = await world.newAccount()
    const issued = world.sandbox.control.token(conn.email)
    world.sandbox.control.addFault({ kind: 'oauth.rotate', count: 1 })
    const grant = {
      data: {
        refreshToken: issued.refresh_token,
        accessToken: issued.access_token,
        expiresAt: 0,
        scopes: '',
      },
    }
    const rotated = await world.port.oauth.refresh(grant, never)
    expect(rotated.data.refreshToken).not.toBe(issued.refresh_token)
    await world.port.oauth.refresh(rotated, never)
    await expect(world.port.oauth.refresh(grant, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
  })

  test('tells a wrong client from a dead grant, and a failing service from both', async () => {
    const { conn } = await world.newAccount()
    const issued = world.sandbox.control.token(conn.email)
    const grant = { data: { refreshToken: issued.refresh_token } }
    const wrong = createGmail(sandboxConfig(world.sandbox, { clientSecret: 'not it' }))
    await expect(wrong.oauth.refresh(grant, never)).rejects.toMatchObject({ kind: 'permanent' })
    world.sandbox.control.addFault({ kind: 'status', match: { path: '/token' }, status: 503 })
    await expect(world.port.oauth.refresh(grant, never)).rejects.toMatchObject({ kind: 'transient' })
    world.calm()
    world.sandbox.control.addFault({ kind: 'reset', match: { path: '/token' } })
    await expect(world.port.oauth.refresh(grant, never)).rejects.toMatchObject({ kind: 'transient' })
    world.calm()
    await expect(world.port.oauth.refresh({ data: {} }, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
  })

  test('ends with the signal’s reason', async () => {
    const leaving = new AbortController()
    const { conn } = await world.newAccount()
    const issued = world.sandbox.control.token(conn.email)
    world.sandbox.control.addFault({ kind: 'hang', match: { path: '/token' } })
    const running = world.port.oauth.refresh({ data: { refreshToken: issued.refresh_token } }, leaving.signal)
    setTimeout(() => leaving.abort(new Error('left')), 20)
    await expect(running).rejects.toThrow('left')
    world.calm()
  })
})
