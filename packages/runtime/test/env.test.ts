import { describe, expect, it } from 'vitest'
import { InvalidEnvironment, readConfig } from '../src/env.ts'
import { parseKeyRing } from '../src/keys.ts'

const key = Buffer.alloc(32, 7).toString('base64')
const least = {
  DATABASE_URL: 'postgresql://localhost/inlet',
  INLET_ENCRYPTION_KEYS: `k1:${key}`,
  BETTER_AUTH_SECRET: 'x'.repeat(32),
}

describe('the environment', () => {
  it('needs only a database and two secrets', () => {
    expect(readConfig(least)).toMatchObject({
      google: null,
      microsoft: null,
      worker: true,
      streamLifetimeMs: 3_600_000,
    })
  })

  it('names everything that is wrong at once', () => {
    const attempt = () => readConfig({ BETTER_AUTH_SECRET: 'short', REDIS_URL: 'nonsense' })
    expect(attempt).toThrow(InvalidEnvironment)
    expect(attempt).toThrow(/DATABASE_URL[\s\S]*BETTER_AUTH_SECRET[\s\S]*REDIS_URL/)
  })

  it('takes every address of Google’s from the sandbox unless it is given', () => {
    const google = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' }
    const config = readConfig({
      ...least,
      ...google,
      INLET_SANDBOX_URL: 'http://127.0.0.1:4000',
      GOOGLE_TOKEN_URL: 'http://127.0.0.1:5000/token',
    })
    expect(config.google).toMatchObject({
      gmailBaseUrl: 'http://127.0.0.1:4000/',
      tokenUrl: 'http://127.0.0.1:5000/token',
      unitsPerMinute: null,
    })
    expect(readConfig({ ...least, ...google }).google?.gmailBaseUrl).toBeUndefined()
  })

  it('takes every address of Microsoft’s from the sandbox unless it is given', () => {
    const microsoft = { MICROSOFT_CLIENT_ID: 'id', MICROSOFT_CLIENT_SECRET: 'secret' }
    expect(readConfig({ ...least, ...microsoft }).microsoft).toEqual({
      clientId: 'id',
      clientSecret: 'secret',
      tenant: 'common',
      graphBaseUrl: undefined,
      loginBaseUrl: undefined,
      requestsPerMinute: undefined,
      callbackUrl: null,
    })
    const sandboxed = { ...least, ...microsoft, INLET_SANDBOX_URL: 'http://127.0.0.1:4000/' }
    expect(readConfig({ ...sandboxed, GRAPH_BASE_URL: 'http://127.0.0.1:5000/' }).microsoft).toMatchObject({
      graphBaseUrl: 'http://127.0.0.1:5000/',
      loginBaseUrl: 'http://127.0.0.1:4000',
      requestsPerMinute: null,
    })
  })

  it('has Graph notify it where it can be reached: at https, beside a sandbox, or where it is told', () => {
    const callbackUrl = (more: Record<string, string>) =>
      readConfig({ ...least, MICROSOFT_CLIENT_ID: 'id', MICROSOFT_CLIENT_SECRET: 'secret', ...more })
        .microsoft?.callbackUrl
    expect(callbackUrl({ INLET_BASE_URL: 'http://inlet.lan' })).toBeNull()
    expect(callbackUrl({ INLET_BASE_URL: 'https://inlet.example/' })).toBe(
      'https://inlet.example/api/webhooks/graph',
    )
    expect(callbackUrl({ INLET_SANDBOX_URL: 'http://127.0.0.1:4000' })).toBe(
      'http://localhost:3000/api/webhooks/graph',
    )
    expect(callbackUrl({ GRAPH_CALLBACK_URL: 'https://tunnel.example/hook' })).toBe(
      'https://tunnel.example/hook',
    )
  })

  it('offers IMAP on public hosts unless it is told otherwise', () => {
    expect(readConfig(least)).toMatchObject({
      imap: { privateHosts: false, certificatesFile: null, oauthFile: null },
      sandboxImap: null,
    })
    const inside = {
      INLET_IMAP_PRIVATE_HOSTS: '1',
      INLET_IMAP_CERTIFICATES: '/etc/inlet/own.pem',
      INLET_IMAP_OAUTH: '/etc/inlet/oauth.json',
    }
    expect(readConfig({ ...least, ...inside }).imap).toEqual({
      privateHosts: true,
      certificatesFile: '/etc/inlet/own.pem',
      oauthFile: '/etc/inlet/oauth.json',
    })
    expect(readConfig({ ...least, ...inside, INLET_IMAP: '0' }).imap).toBeNull()
  })

  it('reads the sandbox’s mailbox from its address', () => {
    const at = (INLET_SANDBOX_IMAP: string) => readConfig({ ...least, INLET_SANDBOX_IMAP }).sandboxImap
    expect(at('imap://demo%40mail.inlet.test:d%3Amo%2F@127.0.0.1:4011?smtp=4012')).toEqual({
      user: 'demo@mail.inlet.test',
      password: 'd:mo/',
      host: '127.0.0.1',
      port: 4011,
      smtpPort: 4012,
    })
    expect(at('imap://a:b@localhost')).toMatchObject({ port: 143, smtpPort: null })
    expect(() => at('http://a:b@localhost')).toThrow(/INLET_SANDBOX_IMAP/)
  })

  it('ends streams before Vercel does, and leaves the work to cron there', () => {
    expect(readConfig({ ...least, VERCEL: '1' })).toMatchObject({
      worker: false,
      streamLifetimeMs: 285_000,
      trustedProxies: 1,
    })
  })
})

describe('the key ring', () => {
  it('has its first key as the current one', () => {
    expect(parseKeyRing(`new:${key},old:${key}`)).toMatchObject({ current: 'new' })
  })

  it('names a key that is not 32 bytes', () => {
    expect(() => parseKeyRing('short:YWJj')).toThrow(/"short"/)
    expect(() => parseKeyRing('')).toThrow(/no key/)
  })
})
