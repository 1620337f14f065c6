import { CursorTooOld } from '@inlet/sync/feed-port'
import { commitUnder, connected, NOW, pulledMessage } from '@inlet/testkit/contract/store-fixture'
import { expect, test } from 'vitest'
import { prune, RUNS_KEPT, TOMBSTONES_KEPT_MS } from '../src/prune.ts'
import { storeOnPostgres } from './fixture.ts'

const postgres = storeOnPostgres()

test('old tombstones go and the floor rises to the last of them, no further', async () => {
  const { store, feed } = postgres.get()
  const { claim, userId } = await connected(postgres.get())
  await commitUnder(store, claim, { upserts: ['a', 'b', 'c'].map(id => pulledMessage(id)) })
  const old = await commitUnder(store, claim, { missing: ['a'] })
  const young = await commitUnder(store, claim, { missing: ['b'], now: NOW + 1_000 })
  const { removed, floor } = await prune(postgres.pool(), NOW + TOMBSTONES_KEPT_MS + 1).then(
    async pruned => ({
      removed: pruned.tombstones,
      floor: (await feed.follow(userId, old.head ?? 0, 100)).floor,
    }),
  )
  expect(removed).toBe(2) // the message and its thread
  expect(floor).toBeLessThanOrEqual(old.head ?? 0)
  expect(floor).toBeGreaterThan((old.head ?? 0) - 3)
  await expect(feed.follow(userId, floor - 1, 100)).rejects.toEqual(new CursorTooOld(floor - 1, floor))
  // A reader at the floor has missed nothing: the younger deletion is still told.
  const page = await feed.follow(userId, floor, 100)
  expect(page.changes.filter(change => change.op === 'delete')).toHaveLength(2)
  expect(page.head).toBe(young.head)
})

test('records are bounded: webhooks by age, runs by number, and a deletion that was cut short is completed', async () => {
  const { store } = postgres.get()
  const { claim, accountId, userId } = await connected(postgres.get())
  await commitUnder(store, claim, { upserts: [pulledMessage('m1')] })
  const pool = postgres.pool()
  const event = {
    provider: 'gmail',
    pushId: null,
    mailbox: 'x@y',
    resource: null,
    watch: null,
    kind: 'changed',
    problem: null,
  } as const
  await store.recordPush(event, NOW)
  await store.recordPush(event, NOW + TOMBSTONES_KEPT_MS)
  await pool.query(
    `INSERT INTO sync_run (user_id, id, account_id, resource_id, kind, trigger, started_at, outcome)
     SELECT $1, 'run' || n, $2, 'r', 'live', 'push', n, 'done' FROM generate_series(1, $3::int) n`,
    [userId, accountId, RUNS_KEPT + 20],
  )
  await pool.query('DELETE FROM account WHERE id = $1', [accountId])
  await pool.query('INSERT INTO doomed_account VALUES ($1, $2, $3)', [userId, accountId, NOW])
  const pruned = await prune(pool, NOW + TOMBSTONES_KEPT_MS + 1)
  expect(pruned).toMatchObject({ webhookEvents: 1, messages: 1 })
  expect(pruned.syncRuns).toBeGreaterThanOrEqual(20)
  expect(
    (await pool.query('SELECT FROM sync_run WHERE account_id = $1', [accountId])).rowCount,
  ).toBeLessThanOrEqual(RUNS_KEPT)
  expect((await pool.query('SELECT FROM message WHERE user_id = $1', [userId])).rowCount).toBe(0)
  expect(await prune(pool, NOW + TOMBSTONES_KEPT_MS + 1)).toEqual({
    tombstones: 0,
    webhookEvents: 0,
    syncRuns: 0,
    mutations: 0,
    messages: 0,
    indexed: 0,
  })
})

test('search vectors that a crash left unmade are made', async () => {
  const { store } = postgres.get()
  const { claim } = await connected(postgres.get())
  await commitUnder(store, claim, { upserts: [pulledMessage('m1')] })
  expect((await prune(postgres.pool(), NOW)).indexed).toBe(1)
  expect((await prune(postgres.pool(), NOW)).indexed).toBe(0)
})
