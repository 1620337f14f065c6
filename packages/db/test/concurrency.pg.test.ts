import { rowId } from '@inlet/sync/row-id'
import type { Claim, Lane, ListingCursor } from '@inlet/sync/store-port'
import {
  claimLane,
  commitUnder,
  connected,
  inbox,
  NOW,
  pulledMessage,
  saveWatch,
} from '@inlet/testkit/contract/store-fixture'
import { expect, test } from 'vitest'
import { storeOnPostgres } from './fixture.ts'

/**
 * I2 and the order of locks: two mailboxes of one user, each with a live sync, a backfill, retries, pushes, marks and
 * status changes at once. Nothing deadlocks, nothing is lost, and a reader that follows meanwhile misses no seq.
 */

const postgres = storeOnPostgres()

const listing = (done: number): ListingCursor => ({
  kind: 'backfill',
  startedAt: NOW,
  listings: [],
  position: null,
  checking: false,
  done,
  base: 0,
  total: 1_000,
})

/** A row that is being marked at this very moment is stepped over: then the next look finds it. */
async function claimSoon(accountId: string, lane: Lane): Promise<Claim> {
  for (let look = 0; look < 1_000; look++) {
    const [claim] = await postgres
      .get()
      .store.claimDue({ now: NOW, leaseMs: 60_000, limit: 1, accountId, lanes: [lane] })
    if (claim) return claim
  }
  throw new Error(`The ${lane} lane of ${accountId} did not come due.`)
}

test('live sync, backfill, retries, marks and a reader run at once without deadlock or loss', async () => {
  const { store, feed } = postgres.get()
  const a = await connected(postgres.get())
  const b = await connected(postgres.get(), { userId: a.userId, email: 'second-box@example.com' })
  const { userId } = a
  const deadlocks = async () =>
    (
      await postgres
        .pool()
        .query<{ n: number }>(
          'SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()',
        )
    ).rows[0]?.n

  for (const { claim } of [a, b])
    await commitUnder(store, claim, { labels: [inbox], cursor: 'c', startListing: listing(0) })
  const rounds = 25
  const live = async (claim: Claim, box: string) => {
    for (let n = 0; n < rounds; n++) {
      const ids = Array.from({ length: 5 }, (_, i) => `${box}-live-${n}-${i}`)
      await commitUnder(store, claim, {
        upserts: ids.map(id => pulledMessage(id, { threadId: `shared-${n % 7}`, unread: true })),
        cursor: `c${n}`,
      })
      await commitUnder(store, claim, {
        patches: [{ id: ids[0] ?? '', version: 2n, add: [], remove: [], unread: false, starred: true }],
        deletions: [{ id: ids[1] ?? '', version: 2n }],
        failures: [{ id: `${box}-bad-${n}`, code: 'c', message: 'm', retryAt: NOW }],
        ...(n === 10 ? { startListing: listing(1) } : {}),
      })
      await store.finish(claim, { ok: true, again: { at: NOW } }, NOW)
      Object.assign(claim, await claimSoon(claim.accountId, 'live'))
    }
  }
  const backfill = async (accountId: string, box: string) => {
    let walk = await claimSoon(accountId, 'listing')
    for (let n = 0; n < rounds; n++) {
      const upserts = Array.from({ length: 40 }, (_, i) =>
        pulledMessage(`${box}-old-${n}-${i}`, { threadId: `shared-${i % 7}` }),
      )
      // Fenced once by the live lane's startListing: then the next claim goes on.
      for (;;) {
        try {
          await commitUnder(store, walk, {
            upserts,
            seen: { listing: 'all', ids: upserts.map(m => m.id) },
            cursor: JSON.stringify(listing(n)),
          })
          break
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'StaleLease') throw error
          walk = await claimSoon(accountId, 'listing')
        }
      }
    }
  }
  const retries = async (accountId: string) => {
    for (let n = 0; n < rounds; n++) {
      const [claim] = await store.claimDue({
        now: NOW,
        leaseMs: 60_000,
        limit: 1,
        accountId,
        lanes: ['items'],
      })
      if (!claim) {
        await new Promise(resolve => setImmediate(resolve))
        continue
      }
      const items = await store.dueItems(accountId, NOW, 3)
      await commitUnder(store, claim, { upserts: items.map(item => pulledMessage(item.id)) })
      await store.finish(claim, { ok: true }, NOW)
    }
  }
  const noise = async (box: typeof a) => {
    for (let n = 0; n < rounds * 2; n++) {
      await store.mark({ userId, lanes: ['live', 'listing', 'items'] }, 'person', NOW)
      await store.recordPush(
        {
          provider: 'gmail',
          pushId: null,
          mailbox: box.email,
          resource: null,
          watch: null,
          kind: 'changed',
          problem: null,
        },
        NOW,
      )
      await store.saveProof(box.accountId, { stored: n, provider: n, checkedAt: NOW, differsSince: null })
      await saveWatch(
        store,
        box.claim.lease.resourceId,
        { providerId: 'w', secret: 's', expiresAt: NOW + n + 1 },
        NOW,
      )
      await store.markSilent({ now: NOW, silentMs: 0, everyMs: 0 })
    }
  }
  let working = true
  const seen = new Map<string, number>()
  const follow = async () => {
    let after = 0
    let last = false
    while (!last) {
      last = !working
      const page = await feed.follow(userId, after, 50)
      for (const change of page.changes) {
        expect(change.seq).toBeGreaterThan(after)
        seen.set(`${change.kind} ${change.id}`, change.op === 'delete' ? -change.seq : change.seq)
      }
      after = page.next
      if (page.more) last = false
    }
  }
  const reader = follow()
  try {
    await Promise.all([
      live(a.claim, 'a'),
      live(b.claim, 'b'),
      backfill(a.accountId, 'a'),
      backfill(b.accountId, 'b'),
      retries(a.accountId),
      retries(b.accountId),
      noise(a),
      noise(b),
    ])
  } finally {
    working = false
    await reader
  }

  expect(await deadlocks()).toBe(0)
  const { rows } = await postgres.pool().query<{ key: string; seq: number }>(
    `SELECT 'message ' || id AS key, seq FROM message WHERE user_id = $1
     UNION ALL SELECT 'thread ' || id, seq FROM thread WHERE user_id = $1
     UNION ALL SELECT 'label ' || id, seq FROM label WHERE user_id = $1
     UNION ALL SELECT 'account ' || id, seq FROM account WHERE user_id = $1
     UNION ALL SELECT kind || ' ' || id, -seq FROM tombstone WHERE user_id = $1 AND seq IS NOT NULL`,
    [userId],
  )
  expect(new Set(rows.map(row => Math.abs(row.seq))).size).toBe(rows.length)
  const stored = Object.fromEntries(rows.map(row => [row.key, row.seq]))
  expect(Object.fromEntries([...seen].filter(([key]) => key in stored))).toEqual(stored)
  for (const [box, { accountId }] of [
    ['a', a],
    ['b', b],
  ] as const) {
    for (let n = 0; n < rounds; n++) {
      expect(stored[`message ${rowId(accountId, 'message', `${box}-live-${n}-1`)}`]).toBeLessThan(0)
      expect(stored[`message ${rowId(accountId, 'message', `${box}-live-${n}-2`)}`]).toBeGreaterThan(0)
      for (let i = 0; i < 40; i++)
        expect(stored[`message ${rowId(accountId, 'message', `${box}-old-${n}-${i}`)}`]).toBeGreaterThan(0)
    }
  }
  // Derived figures agree with what they are derived from.
  const wrong = await postgres.pool().query(
    `SELECT l.id FROM label l WHERE (l.total, l.unread) IS DISTINCT FROM
       (SELECT (count(*)::int4, (count(*) FILTER (WHERE unread))::int4) FROM message m WHERE m.user_id = l.user_id AND l.id = ANY(m.label_ids))
     UNION ALL
     SELECT t.id FROM thread t WHERE (t.message_count, t.unread_count, t.last_message_at) IS DISTINCT FROM
       (SELECT (count(*)::int4, (count(*) FILTER (WHERE unread))::int4, max(received_at)) FROM message m WHERE m.user_id = t.user_id AND m.thread_id = t.id)`,
  )
  expect(wrong.rows).toEqual([])
})

test('a webhook does not wait for a commit of another lane', async () => {
  const { store } = postgres.get()
  const { claim, accountId, email } = await connected(postgres.get())
  await commitUnder(store, claim, { cursor: 'c', startListing: listing(0) })
  const walk = await claimLane(store, accountId, 'listing', NOW)
  const blocker = await postgres.pool().connect()
  try {
    // Stands for a backfill's commit that is on: it holds its own resource and the feed.
    await blocker.query('BEGIN')
    await blocker.query('SELECT FROM resource WHERE id = $1 FOR NO KEY UPDATE', [walk.lease.resourceId])
    await blocker.query('SELECT FROM feed WHERE user_id = $1 FOR UPDATE', [claim.userId])
    const push = {
      provider: 'gmail',
      pushId: null,
      mailbox: email,
      resource: null,
      watch: null,
      kind: 'changed',
      problem: null,
    } as const
    expect((await store.recordPush(push, NOW)).outcome).toBe('marked')
  } finally {
    await blocker.query('ROLLBACK')
    blocker.release()
  }
})
