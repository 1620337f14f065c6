import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { GRAPH_SCOPES } from '../src/graph/oauth.ts'
import { createGraph } from '../src/graph.ts'
import { type GraphWorld, graphConfig, graphWorld } from './graph-world.ts'

const never = new AbortController().signal
const REDIRECT = 'http://127.0.0.1:3000/connect/microsoft/callback'

describe('connecting a Microsoft account', () => {
  let world: GraphWorld
  beforeAll(async () => {
    world = await graphWorld()
  })
  afterEach(() => world.calm())
  afterAll(() => world.close())

  /** The person on Microsoft's page. */
  const consent = async (url: string, account: string, answer = 'allow') => {
    const body = new URLSearchParams({ account, answer })
    const response = await fetch(url, { method: 'POST', body, redirect: 'manual' })
    return new URL(response.headers.get('location') ?? '')
  }
  const granted = async (email: string) => {
    const { refresh_token } = world.sandbox.control.microsoft.token(email)
    return { data: { refreshToken: refresh_token } }
  }

  test('sends the person off with state, PKCE and what brings a refresh token', () => {
    const { url, state, codeVerifier } = world.port.oauth.authorize({ redirectUri: REDIRECT })
    expect(new URL(url).pathname).toBe('/common/oauth2/v2.0/authorize')
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
      redirect_uri: REDIRECT,
      response_type: 'code',
      prompt: 'select_account',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
      state,
      scope: GRAPH_SCOPES.join(' '),
    })
    expect(state.length).toBeGreaterThanOrEqual(32)
    const again = world.port.oauth.authorize({ redirectUri: REDIRECT, loginHint: 'me@outlook.inlet.test' })
    expect(again.state).not.toBe(state)
    expect(new URL(again.url).searchParams.get('login_hint')).toBe('me@outlook.inlet.test')
    expect(new URL(again.url).searchParams.has('prompt')).toBe(false)
  })

  test('exchanges the code for a grant that works, and whose refresh token is a new one each time', async () => {
    const { conn } = await world.newAccount()
    const { oauth } = world.port
    const { url, state, codeVerifier } = oauth.authorize({ redirectUri: REDIRECT })
    const back = await consent(url, conn.email)
    expect(back.searchParams.get('state')).toBe(state)
    const code = back.searchParams.get('code') ?? ''
    const grant = await oauth.exchange({ code, codeVerifier, redirectUri: REDIRECT }, never)
    expect(Object.keys(grant.data).sort()).toEqual(['accessToken', 'expiresAt', 'refreshToken', 'scopes'])
    const token = oauth.token(grant)
    expect(token?.expiresAt).toBeGreaterThan(Date.now())
    const access = { ...conn, accessToken: async () => token?.accessToken ?? '' }
    expect((await world.port.identify(access, never)).email).toBe(conn.email)
    const refreshed = await oauth.refresh(grant, never)
    expect(refreshed.data.refreshToken).not.toBe(grant.data.refreshToken)
    expect(refreshed.data.accessToken).not.toBe(grant.data.accessToken)
    expect((await oauth.refresh(refreshed, never)).data.refreshToken).not.toBe(refreshed.data.refreshToken)
    await oauth.revoke(refreshed, never)
  })

  test('refuses a code with another verifier, and a code used twice', async () => {
    const { conn } = await world.newAccount()
    const { oauth } = world.port
    for (const wrong of [true, false]) {
      const { url, codeVerifier } = oauth.authorize({ redirectUri: REDIRECT })
      const code = (await consent(url, conn.email)).searchParams.get('code') ?? ''
      const right = { code, codeVerifier, redirectUri: REDIRECT }
      if (!wrong) await oauth.exchange(right, never)
      await expect(
        oauth.exchange(wrong ? { ...right, codeVerifier: 'x'.repeat(43) } : right, never),
      ).rejects.toMatchObject({ kind: 'unauthorized', reconnect: true })
    }
  })

  test('refuses a grant without the mail permissions', async () => {
    const { conn } = await world.newAccount()
    const { oauth } = world.port
    const { url, codeVerifier } = oauth.authorize({ redirectUri: REDIRECT })
    const poor = new URL(url)
    poor.searchParams.set('scope', 'offline_access openid User.Read Mail.ReadWrite')
    const code = (await consent(poor.href, conn.email)).searchParams.get('code') ?? ''
    await expect(oauth.exchange({ code, codeVerifier, redirectUri: REDIRECT }, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
  })

  test.each(['consent', 'expired', 'inactive', 'password', 'mfa', 'policy'] as const)(
    'a grant that ended (%s) asks for reconnection',
    async why => {
      const { conn } = await world.newAccount()
      const grant = await granted(conn.email)
      world.sandbox.control.microsoft.revoke(conn.email, why)
      const error = await world.port.oauth.refresh(grant, never).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ kind: 'unauthorized', reconnect: true })
      expect((error as Error).message).toMatch(/AADSTS\d+/)
    },
  )

  test('tells a wrong client from a dead grant, and a failing service from both', async () => {
    const { conn } = await world.newAccount()
    const grant = await granted(conn.email)
    const path = '/*/oauth2/v2.0/token'
    const refresh = () => world.port.oauth.refresh(grant, never)
    const wrong = createGraph(graphConfig(world.sandbox, { clientSecret: 'not it' }))
    await expect(wrong.oauth.refresh(grant, never)).rejects.toMatchObject({ kind: 'permanent' })
    world.sandbox.control.addFault({ kind: 'status', match: { path }, status: 503 })
    await expect(refresh()).rejects.toMatchObject({ kind: 'transient' })
    world.calm()
    world.sandbox.control.addFault({ kind: 'status', match: { path }, reason: 'AADSTS7000222', status: 401 })
    await expect(refresh()).rejects.toMatchObject({ kind: 'permanent' })
    world.calm()
    world.sandbox.control.addFault({ kind: 'reset', match: { path } })
    await expect(refresh()).rejects.toMatchObject({ kind: 'transient' })
    world.calm()
    await expect(world.port.oauth.refresh({ data: {} }, never)).rejects.toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
  })
})
