import { testDatabase } from '@inlet/testkit/test-database'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createPool, type Pool } from '../src/pool.ts'
import { inTransaction, type Tx } from '../src/transaction.ts'

const database = testDatabase()
let pool: Pool

beforeAll(async () => {
  pool = createPool({ url: database.url, max: 1 })
  await pool.query('CREATE TABLE t (n int)')
})
beforeEach(async () => {
  await pool.query('DELETE FROM t')
})
afterAll(() => pool.end())

const stored = async () =>
  (await pool.query<{ n: number }>('SELECT n FROM t ORDER BY n')).rows.map(row => row.n)

test('a statement whose answer nobody waits for fails the transaction, for its own reason', async () => {
  const failing = inTransaction(pool, async tx => {
    tx.send('INSERT INTO t VALUES (1)')
    tx.send('SELECT 1 / 0')
    tx.send('INSERT INTO t VALUES (2)')
  })
  await expect(failing).rejects.toThrow('division by zero')
  expect(await stored()).toEqual([])
})

test('a transaction in which a statement has failed is no success, though the work went on', async () => {
  const failing = inTransaction(pool, async tx => {
    await tx.query('INSERT INTO t VALUES (1)')
    await tx.query('SELECT 1 / 0').catch(() => {})
    return 'done'
  })
  await expect(failing).rejects.toThrow('rolled back')
  expect(await stored()).toEqual([])
})

test('what is asked for after its end is refused, and reaches nobody else’s transaction', async () => {
  let late: Tx | null = null
  await inTransaction(pool, async tx => {
    late = tx
    tx.send('INSERT INTO t VALUES (1)')
  })
  const { query, send } = late as unknown as Tx
  await expect(query('INSERT INTO t VALUES (2)')).rejects.toThrow('The transaction is over.')
  send('INSERT INTO t VALUES (3)')
  expect(await stored()).toEqual([1])
})
