import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Pool } from '@inlet/db/pool'

/** The tables that a feed consists of. */
export const FEED_TABLES = ['message', 'thread', 'label', 'tombstone']

/** Writes each table's rows to a file on the server, in the order they were written. Returns how many rows there are. */
export async function copyTo(pool: Pool): Promise<number> {
  let total = 0
  for (const table of FEED_TABLES) {
    const file = await fileOf(pool, table)
    const { rowCount } = await pool.query(`COPY (SELECT * FROM ${table} ORDER BY seq) TO '${file}'`)
    total += rowCount ?? 0
  }
  return total
}

/** Fills empty tables of the same shape and indexes from those files. Returns the seconds that the COPYs took. */
export async function copyFrom(pool: Pool, tables: readonly string[]): Promise<number> {
  const suffix = randomBytes(3).toString('hex')
  let ms = 0
  for (const table of tables) {
    const file = await fileOf(pool, table)
    await pool.query(`CREATE TABLE ${table}_${suffix} (LIKE ${table} INCLUDING ALL)`)
    const began = performance.now()
    await pool.query(`COPY ${table}_${suffix} FROM '${file}'`)
    ms += performance.now() - began
  }
  return ms / 1000
}

/** Inside the data folder: the one place where the server's user may write on every machine. */
async function fileOf(pool: Pool, table: string): Promise<string> {
  const { rows } = await pool.query<{ data_directory: string }>('SHOW data_directory')
  return join(rows[0]?.data_directory ?? '', `bench-${table}.copy`)
}
