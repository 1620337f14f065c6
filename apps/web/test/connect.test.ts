import { ProviderError } from '@inlet/sync/provider-errors'
import type { Grant } from '@inlet/sync/store-port'
import { beforeEach, describe, expect, it } from 'vitest'
import { offered } from '../src/server/adapter-of.ts'
import { backFromConsent, leaveForConsent } from '../src/server/connect.ts'
import type { Call } from '../src/server/handle.ts'
import { problemText } from '../src/settings/connect-text.ts'

const grant: Grant = { data: { accessToken: 'a' } }
const exchanged: string[] = []
const connected: string[] = []
let state = 0
beforeEach(() => {
  exchanged.length = 0
  connected.length = 0
})

/** An adapter of which only sign-in is looked at. */
function adapter(provider: string) {
  return {
    oauth: {
      authorize: ({ redirectUri, loginHint }: { redirectUri: string; loginHint: string | null }) => ({
        url: `https://${provider}.example/consent?${new URLSearchParams({ redirectUri, loginHint: loginHint ?? '' })}`,
        state: `state-${++state}`,
        codeVerifier: `verifier of ${provider}`,
      }),
      async exchange(request: { code: string; codeVerifier: string; redirectUri: string }) {
        exchanged.push(`${provider} ${Object.values(request).join(' ')}`)
        if (request.code === 'partial')
          throw new ProviderError('unauthorized', 'Something is missing.', {
            cause: { reason: 'scope_missing' },
          })
        return grant
      },
      token: () => null,
    },
    consents: { of: () => null },
    identify: async () => ({ email: `me@${provider}.example`, displayName: 'Me' }),
    resources: async () => [],
  }
}

function runtimeWith(...providers: string[]) {
  const adapters = Object.fromEntries(
    ['gmail', 'graph', 'imap'].map(name => [name, providers.includes(name) ? adapter(name) : null]),
  )
  const ports = new Map(
    providers.map(name => [
      name,
      { port: adapters[name], token: () => ({ accessToken: 'a', expiresAt: 0 }) },
    ]),
  )
  return {
    adapters,
    engine: {
      providers: ports,
      bus: { ring: async () => {} },
      world: { now: () => 1_000 },
      store: {
        async createAccount(account: { provider: string; email: string }) {
          connected.push(`${account.provider} ${account.email}`)
          return { accountId: 'a1', created: true, head: 1 }
        },
      },
    },
    config: { authSecret: 'x'.repeat(32), baseUrl: 'http://localhost:3000' },
    audit: async () => {},
    log: { warn: () => {} },
  }
}
const both = runtimeWith('gmail', 'graph')

const call = (provider: string, query: string, cookie = '', runtime = both) =>
  ({
    request: { url: `http://inlet/?${query}`, headers: new Headers({ cookie }) },
    params: { provider },
    runtime,
    user: { id: 'u1' },
    signal: new AbortController().signal,
    afterwards: () => {},
  }) as unknown as Call & { user: never }

/** Leaves for the consent page; how the browser comes back from there. */
async function leave(provider: string) {
  const answer = (await leaveForConsent(call(provider, 'email=me%40x.y'))) as Response
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  return { location: answer.headers.get('location'), cookie: `other=1; ${cookie}`, state: `state-${state}` }
}
async function back(provider: string, query: string, cookie: string) {
  return ((await backFromConsent(call(provider, query, cookie))) as Response).headers.get('location')
}

describe.each(['gmail', 'graph'])('connecting %s', provider => {
  it('leads to its consent page and back to its own address', async () => {
    const { location, cookie, state: given } = await leave(provider)
    const callback = `http://localhost:3000/api/accounts/callback/${provider}`
    expect(Object.fromEntries(new URL(location ?? '').searchParams)).toEqual({
      redirectUri: callback,
      loginHint: 'me@x.y',
    })
    const home = await back(provider, `code=c1&state=${given}`, cookie)
    expect(home).toBe(`/?connected=${encodeURIComponent(`me@${provider}.example`)}`)
    expect(exchanged).toEqual([`${provider} c1 verifier of ${provider} ${callback}`])
    expect(connected).toEqual([`${provider} me@${provider}.example`])
  })

  it('says by whom it failed', async () => {
    const { cookie, state: given } = await leave(provider)
    expect(await back(provider, `error=access_denied&state=${given}`, cookie)).toBe(
      `/connect?error=access_denied&provider=${provider}`,
    )
    expect(await back(provider, `code=partial&state=${given}`, cookie)).toBe(
      `/connect?error=scope_missing&provider=${provider}`,
    )
    expect(await back(provider, `error=invalid_scope&state=${given}`, cookie)).toBe(
      `/connect?error=exchange_failed&provider=${provider}`,
    )
    expect(connected).toEqual([])
  })

  it('takes no code with another state, and none that another provider’s page has asked for', async () => {
    const { cookie, state: given } = await leave(provider)
    const mismatch = (at: string) => `/connect?error=state_mismatch&provider=${at}`
    for (const wrong of ['state-0', 'é'.repeat(given.length), ''])
      expect(await back(provider, `code=c1&state=${wrong}`, cookie)).toBe(mismatch(provider))
    const other = provider === 'gmail' ? 'graph' : 'gmail'
    expect(await back(other, `code=c1&state=${given}`, cookie)).toBe(mismatch(other))
    expect(exchanged).toEqual([])
  })
})

it('connects nobody whose credentials are not set, and no provider that there is none of', async () => {
  const some = runtimeWith('gmail', 'imap')
  expect(offered(some as never)).toEqual(['gmail', 'imap'])
  for (const provider of ['graph', 'imap-nobody', 'constructor']) {
    const answer = async () => leaveForConsent(call(provider, '', '', some))
    await expect(answer()).rejects.toMatchObject({ code: 'not_found' })
  }
})

it('has a sentence for each failure, which names the company', () => {
  expect(problemText('exchange_failed', 'gmail')).toMatch(/^Google did not/)
  expect(problemText('exchange_failed', 'graph')).toMatch(/^Microsoft did not/)
  expect(problemText('state_mismatch', 'graph')).toMatch(/^Microsoft’s answer/)
  expect(problemText('scope_missing', 'graph')).not.toMatch(/tick/)
  expect(problemText('state_mismatch', 'toString')).toMatch(/^The provider’s answer/)
  expect(problemText('exchange_failed', 'imap-company', 'Company Mail')).toMatch(/^Company Mail did not/)
  expect(problemText('anything', 'gmail')).toMatch(/could not be connected/)
})
