import { randomBytes } from 'node:crypto'
import { createPool, type Pool } from '@inlet/db/pool'
import { createStore } from '@inlet/db/store'
import { createVault } from '@inlet/db/vault'
import { type Adapters, mailProviders } from '@inlet/providers/registry'
import { localBus } from '@inlet/realtime/bus-local'
import { connectAccount } from '@inlet/sync/connect-account'
import type { Engine } from '@inlet/sync/engine'
import { newId } from '@inlet/sync/row-id'
import { Runner } from '@inlet/sync/runner'
import type { Grant, Store } from '@inlet/sync/store-port'
import { realWorld, type World } from '@inlet/sync/world'

type Options<Name extends keyof Adapters> = {
  databaseUrl: string
  provider: Name
  adapter: Exclude<Adapters[Name], null>
  world?: World
  /** Stands between engine and store, to watch what goes through. */
  around?: (store: Store) => Store
}

export type OpenEngine = {
  engine: Engine
  pool: Pool
  /** Connects a mailbox of a new user; nothing is synced yet. */
  connect(access: Grant['data']): Promise<{ userId: string; accountId: string }>
  /** Works on everything that is due until nothing is. */
  drain(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** One engine over a database and one adapter. */
export function openEngine<Name extends keyof Adapters>(options: Options<Name>): OpenEngine {
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
    providers: mailProviders({ [options.provider]: options.adapter }),
    callbackUrl: () => null,
  }
  return {
    engine,
    pool,
    async connect(data) {
      const userId = newId()
      await pool.query(`INSERT INTO "user" (id, name, email) VALUES ($1, 'Bench', $2)`, [
        userId,
        `${userId}@example.com`,
      ])
      const signal = AbortSignal.timeout(60_000)
      const access = { userId, provider: options.provider, grant: { data } }
      const { accountId } = await connectAccount(engine, access, signal)
      return { userId, accountId }
    },
    async drain(signal) {
      await new Runner(engine).drain(signal)
    },
    close: () => pool.end(),
  }
}

export type BenchEngine = OpenEngine & { userId: string; accountId: string }

/** One engine with one mailbox connected and nothing synced yet. */
export async function benchEngine<Name extends keyof Adapters>(
  options: Options<Name> & { access: Grant['data'] },
): Promise<BenchEngine> {
  const opened = openEngine(options)
  return { ...opened, ...(await opened.connect(options.access)) }
}
