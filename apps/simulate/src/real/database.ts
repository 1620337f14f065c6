import pg from 'pg'

/** The judge's own look into Postgres. */
export type Database = {
  query<R extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<R[]>
  /** Several reads of one moment: a snapshot of what is committed. */
  snapshot<T>(read: (query: Database['query']) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Named so that it can be told from the product's connections, which are cut on purpose. */
export const JUDGE = 'simulate'
const TRIES_MS = 20_000

pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** Survives a crash of the server: what cannot be asked now is asked again for 20 s. */
export function openDatabase(url: string): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: 6,
    application_name: JUDGE,
    statement_timeout: 20_000,
  })
  pool.on('error', () => {})
  pool.on('connect', client => void client.on('error', () => {}))
  const patiently = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const until = Date.now() + TRIES_MS
    for (;;) {
      let client: pg.PoolClient | null = null
      try {
        client = await pool.connect()
        const result = await work(client)
        client.release()
        return result
      } catch (error) {
        client?.release(true)
        if (!isLost(error) || Date.now() > until) throw error
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
  }
  return {
    query: (sql, values) => patiently(async client => (await client.query(sql, values)).rows),
    snapshot: read =>
      patiently(async client => {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
        const result = await read(async (sql, values) => (await client.query(sql, values)).rows)
        await client.query('COMMIT')
        return result
      }),
    close: () => pool.end(),
  }
}

/** The connection or the server, not the question: SQL states 08, 57P, 40 (of a server that recovers), or none at all. */
function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return code === '' || /^(08|57P|40|E)/.test(code)
}
