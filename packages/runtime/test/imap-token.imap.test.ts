import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ImapAdapter } from '@inlet/providers/imap'
import type { ImapOAuth } from '@inlet/providers/imap/oauth'
import { type Sandbox, startSandbox } from '@inlet/sandbox/sandbox'
import { connectAccount } from '@inlet/sync/connect-account'
import type { Grant } from '@inlet/sync/store-port'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { imapWorld, mailOf } from './imap-world.ts'

const USER = 'ann@mail.inlet.test'
const REDIRECT = 'http://127.0.0.1:3000/back'
const SOON = { timeout: 30_000, interval: 20 }
const never = new AbortController().signal

describe('a Dovecot that is logged in to with tokens', () => {
  let sandbox: Sandbox
  let dovecot: DovecotServer
  let world: Awaited<ReturnType<typeof imapWorld>>
  let worker: ReturnType<typeof world.work> | null
  /** Between Dovecot and the authorization server. */
  let introspection: Server
  let noToken: boolean
  beforeEach(async () => {
    worker = null
    noToken = false
    // Its authorization server alone: mail lies in Dovecot, which asks it what tokens are worth.
    sandbox = await startSandbox({ imap: { accounts: [{ email: USER }] } })
    const oauth = `${sandbox.url}/imap/oauth`
    introspection = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray())
      const asked = await fetch(`${oauth}/introspect`, { method: 'POST', body }).catch(() => null)
      response.writeHead(asked?.status ?? 503).end(noToken ? '{"active":false}' : await asked?.text())
    })
    await new Promise<void>(resolve => introspection.listen(0, '127.0.0.1', resolve))
    const { port } = introspection.address() as AddressInfo
    dovecot = await startDovecot({ users: [USER], introspectionUrl: `http://127.0.0.1:${port}/` })
    await dovecot.mailbox().appendAll(Array.from({ length: 40 }, (_, at) => mailOf('Mail', at)))
    const provider: ImapOAuth = {
      ...{ id: 'company', name: 'Company', domains: [], hosts: [], passwords: true },
      imap: { host: 'localhost', port: dovecot.tlsPort, security: 'tls' },
      smtp: null,
      ...{ authorizeUrl: `${oauth}/authorize`, tokenUrl: `${oauth}/token`, revokeUrl: `${oauth}/revoke` },
      ...{ clientId: 'inlet-mail', clientSecret: 'sandbox-mail-secret' },
      clientAuthentication: 'basic',
      ...{ scopes: ['mail', 'offline_access'], authorizeParameters: {} },
    }
    world = await imapWorld(dovecot, USER, { oauth: [provider] }, consent)
  })
  afterEach(async () => {
    await worker?.stop()
    await world?.close()
    await dovecot?.stop()
    introspection?.closeAllConnections()
    introspection?.close()
    await sandbox?.close()
  })

  /** The person on the consent page, and what becomes of the code. */
  async function consent(adapter: ImapAdapter): Promise<Grant> {
    const way = adapter.consents.of('company')
    if (!way) throw new Error('It is not configured.')
    const { url, codeVerifier } = way.oauth.authorize({ redirectUri: REDIRECT, loginHint: USER })
    const body = new URLSearchParams({ account: USER, answer: 'allow' })
    const page = await fetch(url, { method: 'POST', body, redirect: 'manual' })
    const code = new URL(page.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const tokens = await way.oauth.exchange({ code, codeVerifier, redirectUri: REDIRECT }, never)
    return way.grant(tokens, { email: USER, displayName: 'Ann' })
  }
  const subjects = async () => {
    const query = 'SELECT subject FROM message WHERE user_id = $1'
    return (await world.pool.query<{ subject: string }>(query, [world.userId])).rows.map(row => row.subject)
  }
  const arrives = async (subject: string) => {
    await dovecot.mailbox().append(mailOf(subject, 1))
    await vi.waitFor(async () => expect(await subjects()).toContain(subject), SOON)
  }
  const grant = async () => (await world.store.readGrant(world.accountId))?.grant.data
  const attending = () =>
    vi.waitFor(() => expect(worker?.attendance.attentionTo(world.accountId)?.state).toBe('attending'), SOON)
  const complete = async () => {
    await worker?.stop()
    worker = null
    await world.settle()
    const { messages, folders } = await world.lying()
    expect(await world.stored()).toEqual({ messages, folders })
    expect(await world.tombstones()).toBe(0)
    expect(await world.status()).toMatchObject({ state: 'active', error: null })
  }
  const renewals = () => sandbox.control.log.counts.get('POST /imap/oauth/token 200') ?? 0
  /** All connections end; whoever comes back logs in anew. */
  async function cut() {
    await dovecot.halt()
    await dovecot.start()
  }

  it('syncs with them, and never with a password', async () => {
    await complete()
    expect(await subjects()).toHaveLength(40)
    const log = await dovecot.log()
    expect(log).toMatch(new RegExp(`Login: user=<${USER}>, method=OAUTHBEARER`))
    expect(await grant()).toMatchObject({ password: null, oauth: 'company' })
  })

  it('renews one that has ended or is about to, and the doorbell goes on', async () => {
    worker = world.work()
    await attending()
    const first = await grant()
    const before = renewals()
    // It ends before its time: only the server's refusal tells.
    expect(sandbox.control.imap.expireAccessTokens(USER)).toBe(1)
    await cut()
    await arrives('After it was refused')
    await attending()
    const second = await grant()
    expect(second?.accessToken).not.toBe(first?.accessToken)
    expect(second).toMatchObject({ refreshToken: first?.refreshToken, consent: first?.consent })
    expect(renewals()).toBe(before + 1)
    // It is about to end: no server has to refuse it.
    world.clock.advance(3_590_000)
    await cut()
    await arrives('After its hour')
    await attending()
    expect((await grant())?.accessToken).not.toBe(second?.accessToken)
    await complete()
  }, 120_000)

  it('needs its owner once the grant is revoked, loses nothing, and goes on after a new consent', async () => {
    worker = world.work()
    await vi.waitFor(async () => expect(await subjects()).toHaveLength(40), SOON)
    await attending()
    const before = await world.stored()
    sandbox.control.imap.revoke(USER)
    await cut()
    await dovecot.mailbox().append(mailOf('Meanwhile', 1))
    await vi.waitFor(
      async () =>
        expect(await world.status()).toMatchObject({
          ...{ state: 'disconnected', reason: 'reconnect_needed' },
          error: expect.stringMatching(/^Company no longer accepts the grant \(invalid_grant\)/),
        }),
      SOON,
    )
    expect(await world.stored()).toEqual(before)
    const access = { userId: world.userId, provider: 'imap', grant: await consent(world.adapter) } as const
    expect(await connectAccount(world.engine, access, never)).toMatchObject({ accountId: world.accountId })
    await vi.waitFor(async () => expect(await subjects()).toContain('Meanwhile'), SOON)
    await complete()
    expect(await subjects()).toHaveLength(41)
  }, 120_000)

  it('needs its owner as well when a fresh token is refused, with the server’s reason', async () => {
    await complete()
    const before = await world.stored()
    noToken = true
    await cut()
    await world.poll()
    await world.drain()
    expect(await world.status()).toMatchObject({
      ...{ state: 'disconnected', reason: 'reconnect_needed' },
      error: expect.stringMatching(
        /^Could not .*did not accept the access that was granted \(invalid_token\)/,
      ),
    })
    expect(await world.stored()).toEqual(before)
  })

  it('waits while nobody can say what its tokens are worth', async () => {
    sandbox.control.addFault({ kind: 'reset', match: { path: '/imap/oauth/introspect' } })
    await cut()
    await world.poll()
    await world.drain()
    expect(await world.status()).toMatchObject({ state: 'degraded' })
    expect(renewals()).toBe(1)
    sandbox.control.clearFaults()
    await complete()
  })
})
