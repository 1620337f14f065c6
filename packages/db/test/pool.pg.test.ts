import { testDatabase } from '@inlet/testkit/test-database'
import { expect, test } from 'vitest'
import { createPool } from '../src/pool.ts'
import { inTransaction } from '../src/transaction.ts'

const database = testDatabase()

test('no statement runs longer than its limit, from the first one on', async () => {
  const pool = createPool({ url: database.url, statementTimeoutMs: 50 })
  await expect(pool.query('SELECT pg_sleep(30)')).rejects.toThrow('statement timeout')
  await pool.end()
})

test('an int8 is a Number, and one that does not fit is refused rather than rounded', async () => {
  const pool = createPool({ url: database.url })
  expect((await pool.query('SELECT 9007199254740991::int8 AS n')).rows).toEqual([
    { n: Number.MAX_SAFE_INTEGER },
  ])
  await expect(pool.query('SELECT 9007199254740993::int8 AS n')).rejects.toThrow('select it as text')
  await pool.end()
})

test('a transaction that fails is rolled back, and its connection serves again', async () => {
  const pool = createPool({ url: database.url, max: 1 })
  await pool.query('CREATE TABLE t (n int)')
  const failing = inTransaction(pool, async tx => {
    await tx.query('INSERT INTO t VALUES (1)')
    throw new Error('stop')
  })
  await expect(failing).rejects.toThrow('stop')
  expect((await pool.query('SELECT FROM t')).rowCount).toBe(0)
  await pool.end()
})

test('a connection that the server has ended in a transaction is not handed out again', async () => {
  const pool = createPool({ url: database.url, max: 1 })
  const cut = inTransaction(pool, tx => tx.query('SELECT pg_terminate_backend(pg_backend_pid())'))
  await expect(cut).rejects.toThrow('terminating connection')
  expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
  await pool.end()
})
