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
    expect(readConfig(least)).toMatchObject({ google: null, worker: true, streamLifetimeMs: 3_600_000 })
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
