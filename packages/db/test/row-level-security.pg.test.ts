import { comparison } from '@inlet/sync/reconcile'
import {
  claimLane,
  commitUnder,
  connected,
  inbox,
  NOW,
  pulledMessage,
} from '@inlet/testkit/contract/store-fixture'
import { beforeAll, describe, expect, test } from 'vitest'
import { asUser } from '../src/as-user.ts'
import { createMessageReader } from '../src/messages.ts'
import { drainSearchQueue } from '../src/search-index.ts'
import { storeOnPostgres } from './fixture.ts'

/** I11: no user can read another's rows, whatever the query says. */

const postgres = storeOnPostgres()
const readable = [
  'account',
  'message',
  'message_body',
  'attachment',
  'thread',
  'label',
  'failed_item',
  'place',
  'feed',
  'tombstone',
  'sync_run',
  'reconciliation',
  'mutation',
]
const closed = [
  'account_grant',
  'session',
  'credential',
  '"user"',
  'verification',
  'resource',
  'watch',
  'listing_seen',
  'worker',
  'attendance',
  'webhook_event',
  'audit_log',
  'message_search',
  'search_queue',
  'doomed_account',
  '_prisma_migrations',
]

let mine: Awaited<ReturnType<typeof connected>>
let theirs: typeof mine

beforeAll(async () => {
  const { store } = postgres.get()
  mine = await connected(postgres.get())
  theirs = await connected(postgres.get())
  const file = { partId: '1', filename: 'f', mimeType: 'a/b', sizeBytes: 1, inline: false, contentId: null }
  for (const { claim, userId, accountId } of [mine, theirs]) {
    await commitUnder(store, claim, {
      labels: [inbox],
      upserts: [pulledMessage('m1', { attachments: [file] }), pulledMessage('m2')],
      failures: [{ id: 'f', code: 'c', message: 'm', retryAt: NOW }],
    })
    await commitUnder(store, claim, { missing: ['m2'] })
    const put = [{ messageId: 'm1', uid: 1, flags: [], modseq: null }]
    await commitUnder(store, claim, { placed: true, places: { resource: 'f', epoch: '1', put, gone: [] } })
    await store.addMutations(
      userId,
      [{ clientId: 'client-1', body: { type: 'read', messageIds: ['x'], read: true } }],
      NOW,
    )
    await commitUnder(store, claim, { cursor: 'c' })
    await store.startReconciliation(accountId, { listing: comparison(NOW), trigger: 'nightly' }, NOW)
    await store.mark({ accountId, lanes: ['live'] }, 'push', NOW)
    await store.finish(claim, { ok: true }, NOW)
    await claimLane(store, accountId, 'live', NOW)
  }
})

const asMe = <T extends object>(sql: string, values: unknown[] = []) =>
  asUser(postgres.pool(), mine.userId, async tx => (await tx.query<T>(sql, values)).rows)

test('every table of the database is either readable under a policy or closed', async () => {
  const { rows } = await postgres.pool().query<{ name: string; secured: boolean }>(
    `SELECT relname AS name, relrowsecurity AS secured FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  )
  const known = [...readable, ...closed.map(name => name.replaceAll('"', ''))]
  expect(rows.map(row => row.name).toSorted()).toEqual(known.toSorted())
  expect(
    rows
      .filter(row => row.secured)
      .map(row => row.name)
      .toSorted(),
  ).toEqual(readable.toSorted())
})

describe.each(readable)('%s', table => {
  test('shows only one’s own rows, although the other’s are there', async () => {
    const all = await postgres.pool().query<{ user_id: string }>(`SELECT user_id FROM ${table}`)
    expect(all.rows.map(row => row.user_id)).toContain(theirs.userId)
    const queries: [string, string[]][] = [
      ['', []],
      ['WHERE user_id = $1', [theirs.userId]],
      ['WHERE user_id <> $1', [mine.userId]],
      ['WHERE user_id = $1 OR true', [theirs.userId]],
    ]
    for (const [where, values] of queries) {
      const rows = await asMe<{ user_id: string }>(`SELECT user_id FROM ${table} ${where}`, values)
      expect(rows.filter(row => row.user_id !== mine.userId)).toEqual([])
    }
    expect((await asMe(`SELECT 1 FROM ${table}`)).length).toBeGreaterThan(0)
  })

  test('cannot be written, not even one’s own rows', async () => {
    const writes = [
      `UPDATE ${table} SET user_id = user_id`,
      `DELETE FROM ${table}`,
      `INSERT INTO ${table} (user_id) VALUES ('x')`,
      `TRUNCATE ${table}`,
    ]
    for (const write of writes)
      await expect(asMe(write)).rejects.toThrow(/read-only transaction|permission denied/)
    // And not because the transaction is read-only: the role has no right to.
    const { rows } = await postgres
      .pool()
      .query<{ may: boolean }>(
        `SELECT has_table_privilege('inlet_app', '${table}', 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS may`,
      )
    expect(rows[0]?.may).toBe(false)
  })
})

test.each(closed)('%s may not be read at all', async table => {
  await expect(asMe(`SELECT * FROM ${table}`)).rejects.toThrow(/permission denied/)
})

test('without a user nothing is visible', async () => {
  const client = await postgres.pool().connect()
  try {
    await client.query('BEGIN; SET LOCAL ROLE inlet_app')
    expect((await client.query('SELECT FROM message')).rowCount).toBe(0)
    await client.query('ROLLBACK')
  } finally {
    client.release()
  }
})

test('the role and the user end with the transaction', async () => {
  const tests = Array.from({ length: 5 }, async () => asMe('SELECT 1'))
  await Promise.all(tests)
  const { rows } = await postgres
    .pool()
    .query("SELECT current_user AS who, current_setting('inlet.user_id', true) AS id")
  expect(rows[0]).toMatchObject({ who: 'postgres' })
  expect(rows[0].id || null).toBeNull()
})

test('a user id that looks like SQL is only a user id', async () => {
  const rows = await asUser(
    postgres.pool(),
    "x', true); RESET ROLE; SELECT ('",
    async tx => (await tx.query('SELECT current_user AS who')).rows,
  )
  expect(rows).toEqual([{ who: 'inlet_app' }])
})

test('the functions that run as the owner answer only for the user of the session', async () => {
  await drainSearchQueue(postgres.pool(), mine.userId)
  const found = await asMe<{ id: string }>(
    `SELECT id FROM inlet_search(to_tsquery('simple', 'subject'), NULL, 100)`,
  )
  expect(found).toHaveLength(1)
  const threads = await asMe(`SELECT id FROM inlet_threads_with_label($1, NULL, 100)`, [
    (await postgres.pool().query('SELECT id FROM label WHERE user_id = $1', [theirs.userId])).rows[0].id,
  ])
  expect(threads).toEqual([])
})

test('the readers of the API find nothing of another user by its id', async () => {
  const reader = createMessageReader(postgres.pool())
  const { rows } = await postgres
    .pool()
    .query<{ message: string; thread: string; label: string; part: string }>(
      `SELECT m.id AS message, m.thread_id AS thread, m.label_ids[1] AS label, a.id AS part
       FROM message m JOIN attachment a ON a.message_id = m.id AND a.user_id = m.user_id WHERE m.user_id = $1`,
      [theirs.userId],
    )
  const their = rows[0] ?? { message: '', thread: '', label: '', part: '' }
  expect(await reader.readBody(theirs.userId, their.message)).not.toBeNull()
  expect(await reader.readBody(mine.userId, their.message)).toBeNull()
  expect(await reader.readAttachment(mine.userId, their.part)).toBeNull()
  const empty = { changes: [], next: null }
  expect(await reader.threadsPage(mine.userId, { threadId: their.thread, limit: 9 })).toEqual(empty)
  expect(await reader.threadsPage(mine.userId, { labelId: their.label, limit: 9 })).toEqual(empty)
  expect(await reader.threadsPage(mine.userId, { accountId: theirs.accountId, limit: 9 })).toEqual(empty)
  expect(await reader.search(mine.userId, { q: 'subject', accountId: theirs.accountId, limit: 9 })).toEqual(
    empty,
  )
  expect(await reader.syncRuns(mine.userId, { accountId: theirs.accountId, limit: 9 })).toEqual([])
  expect(await reader.failedItems(mine.userId, theirs.accountId)).toEqual([])
  expect(await reader.reconciliations(theirs.userId, theirs.accountId, 9)).toHaveLength(1)
  expect(await reader.reconciliations(mine.userId, theirs.accountId, 9)).toEqual([])
  await reader.saveBody(mine.userId, their.message, { html: null, text: 'forged', warning: null })
  expect((await reader.readBody(theirs.userId, their.message))?.body?.text).toBe('Body of m1')
})
