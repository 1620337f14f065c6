import { randomBytes } from 'node:crypto'
import { createPool, type Pool } from '@inlet/db/pool'
import { createStore } from '@inlet/db/store'
import { createVault } from '@inlet/db/vault'
import { createGmail } from '@inlet/providers/gmail'
import type { GmailConfig } from '@inlet/providers/gmail/config'
import { mailProviders } from '@inlet/providers/registry'
import { localBus } from '@inlet/realtime/bus-local'
import { DEFAULT_CLIENT } from '@inlet/sandbox/sandbox'
import { connectAccount } from '@inlet/sync/connect-account'
import type { Engine } from '@inlet/sync/engine'
import { newId } from '@inlet/sync/row-id'
import { Runner } from '@inlet/sync/runner'
import type { Store } from '@inlet/sync/store-port'
import { realWorld, type World } from '@inlet/sync/world'

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

export type GmailEngine = {
  engine: Engine
  pool: Pool
  userId: string
  accountId: string
  /** Works on everything that is due until nothing is. */
  drain(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** One engine over a database and the Gmail adapter, with the mailbox of `token` connected and nothing synced yet. */
export async function gmailEngine(options: {
  databaseUrl: string
  gmail: GmailConfig
  token: SandboxToken
  world?: World
  /** Stands between engine and store, to watch what goes through. */
  around?: (store: Store) => Store
}): Promise<GmailEngine> {
  const world = options.world ?? realWorld
  const pool = createPool({ url: options.databaseUrl })
  const vault = createVault({ current: 'bench', keys: { bench: randomBytes(32) } })
  const plain = createStore({ pool, vault, world })
  const store = options.around ? options.around(plain) : plain
  const complain = (fields: object, message: string) => console.error(`  engine: ${message}`, fields)
  const engine: Engine = {
    store,
    bus: localBus(),
    world,
    log: { info() {}, warn: complain, error: complain },
    providers: mailProviders({ gmail: createGmail(options.gmail, world) }),
    callbackUrl: () => null,
  }
  const userId = newId()
  await pool.query(`INSERT INTO "user" (id, name, email) VALUES ($1, 'Bench', $2)`, [
    userId,
    `${userId}@example.com`,
  ])
  const { access_token: accessToken, refresh_token: refreshToken, expires_in } = options.token
  const data = { accessToken, refreshToken, expiresAt: world.now() + expires_in * 1_000, scopes: '' }
  const signal = AbortSignal.timeout(60_000)
  const { accountId } = await connectAccount(engine, { userId, provider: 'gmail', grant: { data } }, signal)
  return {
    engine,
    pool,
    userId,
    accountId,
    async drain(signal) {
      await new Runner(engine).drain(signal)
    },
    close: () => pool.end(),
  }
}
