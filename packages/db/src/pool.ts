import pg from 'pg'

export type Pool = pg.Pool
export type Queryable = Pick<pg.Pool, 'query'>

export type PoolOptions = {
  url: string
  /** Connections of this process. */
  max?: number
  /** No statement runs longer; ms. */
  statementTimeoutMs?: number
  /** Waiting for a free connection gives up after this; ms. */
  connectTimeoutMs?: number
  /** An idle connection that broke. The pool has dropped it already. */
  onIdleError?: (error: Error) => void
}

/** int8 as Number: seqs, times and counts stay far below 2^53. Provider versions do not, and are selected as text. */
function parseInt8(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value))
    throw new RangeError(`The int8 ${text} does not fit a Number; select it as text.`)
  return value
}

export function createPool(options: PoolOptions): Pool {
  // Statements on connecting: PgBouncer refuses both as startup parameters. The second is longer than any step between
  // two statements of ours but a token refresh, which sets its own (grants.ts).
  const limits = `SET statement_timeout = ${options.statementTimeoutMs ?? 30_000}; SET idle_in_transaction_session_timeout = 30000`
  const pool = new pg.Pool({
    onConnect: async client => {
      // A connection that breaks between two statements of a transaction tells only its own listeners, and without one
      // ends the process. Whoever holds it learns of it from the next statement.
      client.on('error', () => {})
      await client.query(limits)
    },
    connectionString: options.url,
    max: options.max ?? 10,
    // A statement is sent at once, though answers to earlier ones are still to come.
    pipeline: true,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 10_000,
    idleTimeoutMillis: 30_000,
    application_name: 'inlet',
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === pg.types.builtins.INT8 && format !== 'binary'
          ? parseInt8
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  })
  pool.on('error', options.onIdleError ?? (() => {}))
  return pool
}
