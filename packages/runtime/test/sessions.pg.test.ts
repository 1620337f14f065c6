import { createPool } from '@inlet/db/pool'
import { cloneDatabase } from '@inlet/testkit/postgres'
import type {} from '@inlet/testkit/postgres-global'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createSessions } from '../src/sessions.ts'

let database: Awaited<ReturnType<typeof cloneDatabase>>
let pool: ReturnType<typeof createPool>
let liveSessions: ReturnType<typeof createSessions>['liveSessions']

beforeAll(async () => {
  database = await cloneDatabase(inject('postgresUrl'))
  pool = createPool({ url: database.url })
  liveSessions = createSessions(pool).liveSessions
  await pool.query(`INSERT INTO "user" (id, name, email) VALUES ('ada', 'Ada', 'ada@example.com')`)
  await pool.query(
    `INSERT INTO session (id, user_id, token, expires_at)
     SELECT 's' || n, 'ada', 't' || n, now() + make_interval(hours => CASE WHEN n % 2 = 0 THEN 1 ELSE -1 END)
     FROM generate_series(0, 1999) AS n`,
  )
})
afterAll(async () => {
  await pool?.end()
  await database?.drop()
})

test('of many sessions only those are live that are there and have not expired', async () => {
  expect(await liveSessions(['s0', 's1', 's2', 'nobody’s', ''])).toEqual(new Set(['s0', 's2']))
  expect(await liveSessions([])).toEqual(new Set())
  const all = Array.from({ length: 2_000 }, (_, n) => `s${n}`)
  expect((await liveSessions(all)).size).toBe(1_000)
})

test('a session that was deleted is live no more', async () => {
  expect((await liveSessions(['s4'])).has('s4')).toBe(true)
  await pool.query(`DELETE FROM session WHERE id = 's4'`)
  expect((await liveSessions(['s4'])).has('s4')).toBe(false)
})

test('a database that does not answer is an error, not an answer', async () => {
  const closed = createPool({ url: database.url })
  await closed.end()
  await expect(createSessions(closed).liveSessions(['s0'])).rejects.toThrow()
})
