import { createGmail } from '@inlet/providers/gmail'
import type { GmailConfig } from '@inlet/providers/gmail/config'
import { DEFAULT_CLIENT } from '@inlet/sandbox/sandbox'
import type { Store } from '@inlet/sync/store-port'
import { realWorld, type World } from '@inlet/sync/world'
import { type BenchEngine, benchEngine } from './bench-engine.ts'

export type SandboxToken = { access_token: string; refresh_token: string; expires_in: number }

/** The adapter's settings for a sandbox at this address. */
export function sandboxGmail(url: string, more: Partial<GmailConfig> = {}): GmailConfig {
  return {
    clientId: DEFAULT_CLIENT.id,
    clientSecret: DEFAULT_CLIENT.secret,
    gmailBaseUrl: `${url}/`,
    oauthBaseUrl: url,
    tokenUrl: `${url}/token`,
    certsUrl: `${url}/oauth2/v1/certs`,
    unitsPerMinute: null,
    ...more,
  }
}

export const accessOf = (
  { access_token: accessToken, refresh_token: refreshToken, expires_in }: SandboxToken,
  now: number,
) => ({ accessToken, refreshToken, expiresAt: now + expires_in * 1_000, scopes: '' })

/** One engine over a database and the Gmail adapter, with the mailbox of `token` connected and nothing synced yet. */
export async function gmailEngine(options: {
  databaseUrl: string
  gmail: GmailConfig
  token: SandboxToken
  world?: World
  around?: (store: Store) => Store
}): Promise<BenchEngine> {
  const { databaseUrl, gmail, token, world = realWorld, around } = options
  return await benchEngine({
    databaseUrl,
    provider: 'gmail',
    adapter: createGmail(gmail, world),
    access: accessOf(token, world.now()),
    world,
    ...(around && { around }),
  })
}
