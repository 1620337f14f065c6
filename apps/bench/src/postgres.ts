import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { migrate } from '@inlet/db/migrate'
import pg from 'pg'
import { startPostgres } from '../../../scripts/start/postgres.ts'
import type { Context } from './bench.ts'

export type BenchPostgres = {
  /** A database with our tables, empty. */
  fresh(): Promise<{ url: string; drop(): Promise<void> }>
}

const TEMPLATE = 'bench_template'

/** A server of its own with the product's settings: durable, nothing tuned for the bench. */
export async function benchPostgres(context: Context): Promise<BenchPostgres> {
  const folder = await context.folder('postgres')
  const { child, url } = await startPostgres({
    folder: join(folder, 'data'),
    logFile: join(folder, 'postgres.log'),
    password: randomBytes(9).toString('hex'),
    preferredPort: undefined,
    signal: context.signal,
  })
  context.onEnd(() => child.stop())
  await query(url, `CREATE DATABASE ${TEMPLATE}`)
  await migrate(inDatabase(url, TEMPLATE))
  return {
    async fresh() {
      const name = `bench_${randomBytes(6).toString('hex')}`
      await query(url, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`)
      // What the last repeat left to be written is not this one's to wait for.
      await query(url, 'CHECKPOINT')
      return {
        url: inDatabase(url, name),
        drop: () => query(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
      }
    },
  }
}

function inDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect()
  await client.query(sql).finally(() => client.end())
}
