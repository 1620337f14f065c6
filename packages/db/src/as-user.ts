import pg from 'pg'
import type { Pool } from './pool.ts'
import { inTransaction, type Tx } from './transaction.ts'

/**
 * Runs reads on behalf of one person: as the role inlet_app, which sees this user's rows and can write nothing, in one
 * read-only snapshot (I11). Everything the API shows goes through here.
 */
export async function asUser<T>(
  pool: Pool,
  userId: string,
  read: (tx: Tx) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted()
  // One message, so one round trip. Both settings end with the transaction.
  const begin = [
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
    'SET LOCAL ROLE inlet_app',
    `SELECT set_config('inlet.user_id', ${pg.escapeLiteral(userId)}, true)`,
  ].join('; ')
  const result = await inTransaction(pool, read, { begin })
  signal?.throwIfAborted()
  return result
}
