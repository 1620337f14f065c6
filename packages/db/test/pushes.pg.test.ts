import type { PushEvent } from '@inlet/sync/push-event'
import { claimLane, connected, NOW } from '@inlet/testkit/contract/store-fixture'
import { expect, test } from 'vitest'
import { storeOnPostgres } from './fixture.ts'

const postgres = storeOnPostgres()

const push = (mailbox: string | null, pushId: string | null = null): PushEvent => ({
  provider: 'gmail',
  pushId,
  mailbox,
  resource: null,
  watch: null,
  kind: 'changed',
  problem: mailbox === null ? 'not JSON' : null,
})

const recorded = async (pushId: string) =>
  (
    await postgres
      .pool()
      .query<{ outcome: string }>('SELECT outcome FROM webhook_event WHERE push_id = $1 ORDER BY id', [
        pushId,
      ])
  ).rows.map(row => row.outcome)

test('pushes that come at once are told apart, each answered for itself', async () => {
  const { store } = postgres.get()
  const a = await connected(postgres.get())
  const b = await connected(postgres.get())
  for (const { claim } of [a, b]) await store.finish(claim, { ok: true }, NOW)
  const outcomes = await Promise.all([
    store.recordPush(push(b.email, 'one'), NOW),
    store.recordPush(push('nobody@example.com', 'two'), NOW),
    store.recordPush(push(a.email.toUpperCase(), 'three'), NOW),
    store.recordPush(push(null, 'four'), NOW),
    store.recordPush(push(b.email, 'one'), NOW),
  ])
  expect(outcomes).toEqual([
    { outcome: 'marked', accountIds: [b.accountId], ring: true },
    { outcome: 'unknown_mailbox', accountIds: [], ring: false },
    { outcome: 'marked', accountIds: [a.accountId], ring: true },
    { outcome: 'undecodable', accountIds: [], ring: false },
    { outcome: 'duplicate', accountIds: [b.accountId], ring: true },
  ])
  expect(await recorded('one')).toEqual(['marked', 'duplicate'])
  for (const { accountId } of [a, b]) await claimLane(store, accountId, 'live', NOW)
})

test('a push that cannot be recorded fails alone', async () => {
  const { store } = postgres.get()
  const { claim, email, accountId } = await connected(postgres.get())
  await store.finish(claim, { ok: true }, NOW)
  const settled = await Promise.allSettled([
    store.recordPush(push('nobody@example.com', 'before'), NOW),
    store.recordPush(push(email, 'broken'), Number.NaN),
    store.recordPush(push(email, 'after'), NOW),
  ])
  expect(settled.map(each => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect([await recorded('before'), await recorded('broken'), await recorded('after')]).toEqual([
    ['unknown_mailbox'],
    [],
    ['marked'],
  ])
  await claimLane(store, accountId, 'live', NOW)
})

test('a push is answered only once its mark is committed, and too many that wait are refused', async () => {
  const { store } = postgres.get()
  const { claim, email, accountId } = await connected(postgres.get())
  await store.finish(claim, { ok: true }, NOW)
  const blocker = await postgres.pool().connect()
  let answered = 0
  let refused = 0
  const pushes: Promise<unknown>[] = []
  const ring = () =>
    store.recordPush(push(email), NOW).then(
      () => {
        answered += 1
      },
      (error: Error) => {
        expect(error.message).toContain('must come again')
        refused += 1
      },
    )
  try {
    await blocker.query('BEGIN')
    await blocker.query('SELECT FROM resource WHERE id = $1 FOR UPDATE', [claim.lease.resourceId])
    for (let n = 0; n < 10_300; n++) pushes.push(ring())
    // Another statement on another connection comes back: the pushes had their chance to be answered.
    await postgres.pool().query('SELECT 1')
    expect(answered).toBe(0)
    expect(await store.claimDue({ now: NOW, leaseMs: 1, limit: 1, accountId, lanes: ['live'] })).toEqual([])
  } finally {
    await blocker.query('ROLLBACK')
    blocker.release()
  }
  await Promise.all(pushes)
  expect(answered + refused).toBe(10_300)
  expect(refused).toBe(300)
  await claimLane(store, accountId, 'live', NOW)
})
