import { StaleLease } from '@inlet/sync/provider-errors'
import type { Lane } from '@inlet/sync/store-port'
import { expect, test } from 'vitest'
import {
  claimLane,
  commitUnder,
  connected,
  LEASE_MS,
  NOW,
  pulledMessage,
  type StoreUnderTest,
} from './store-fixture.ts'

export function schedulingContract(get: () => StoreUnderTest): void {
  const due = (accountId: string, now: number) =>
    get().store.claimDue({ now, leaseMs: LEASE_MS, limit: 9, accountId })
  const failure = { ok: false, kind: 'transient', message: 'no answer', nextAttemptAt: NOW + 5_000 } as const

  test('a new account is due at once, and what is leased is not due', async () => {
    const { accountId, claim, email } = await connected(get())
    expect(claim).toMatchObject({
      email,
      provider: 'gmail',
      key: 'mailbox',
      lane: 'live',
      cursor: null,
      trigger: 'connect',
      attempts: 0,
    })
    expect(await due(accountId, NOW)).toEqual([])
  })

  test('claims come oldest mark first', async () => {
    const { store } = get()
    const [a, b, c] = [await connected(get()), await connected(get()), await connected(get())]
    for (const each of [a, b, c]) await store.finish(each.claim, { ok: true }, NOW)
    await store.mark({ accountId: b.accountId, lanes: ['live'] }, 'push', NOW + 1)
    await store.mark({ accountId: c.accountId, lanes: ['live'] }, 'push', NOW + 2)
    await store.mark({ accountId: a.accountId, lanes: ['live'] }, 'push', NOW + 3)
    const mine = new Set([a, b, c].map(each => each.accountId))
    const claims = await store.claimDue({ now: NOW + 10, leaseMs: LEASE_MS, limit: 100, lanes: ['live'] })
    expect(claims.map(claim => claim.accountId).filter(id => mine.has(id))).toEqual(
      [b, c, a].map(each => each.accountId),
    )
  })

  test('accounts that have enough under way are passed over', async () => {
    const { store } = get()
    const [a, b] = [await connected(get()), await connected(get())]
    for (const each of [a, b]) {
      await store.finish(each.claim, { ok: true }, NOW)
      await store.mark({ accountId: each.accountId, lanes: ['live'] }, 'push', NOW + 1)
    }
    const claim = { now: NOW + 10, leaseMs: LEASE_MS, limit: 1_000, lanes: ['live'] satisfies Lane[] }
    const claimed = (await store.claimDue({ ...claim, except: [a.accountId] })).map(each => each.accountId)
    expect(claimed).toContain(b.accountId)
    expect(claimed).not.toContain(a.accountId)
    const rest = (await store.claimDue({ ...claim, except: [] })).map(each => each.accountId)
    expect(rest).toContain(a.accountId)
  })

  test('of many runners that look at once only one claims a resource', async () => {
    const { store } = get()
    const { accountId, claim } = await connected(get())
    let held = claim
    for (let round = 0; round < 20; round++) {
      await store.finish(held, { ok: true, again: { at: NOW } }, NOW)
      const claims = (await Promise.all(Array.from({ length: 6 }, () => due(accountId, NOW)))).flat()
      expect(claims).toHaveLength(1)
      held = claims[0] ?? held
    }
  })

  test('a finished run leaves nothing due, and a mark during it leaves exactly one more', async () => {
    const { store } = get()
    const { accountId, claim } = await connected(get())
    await store.finish(claim, { ok: true }, NOW)
    expect(await due(accountId, NOW + 1)).toEqual([])
    await store.mark({ accountId, lanes: ['live'] }, 'push', NOW + 1)
    const second = await claimLane(store, accountId, 'live', NOW + 1)
    // In the same millisecond as the claim, three times.
    for (let n = 0; n < 3; n++)
      expect(await store.mark({ accountId, lanes: ['live'] }, 'push', NOW + 1)).toBe(1)
    expect(await due(accountId, NOW + 1)).toEqual([])
    await store.finish(second, { ok: true }, NOW + 2)
    const third = await claimLane(store, accountId, 'live', NOW + 2)
    await store.finish(third, { ok: true }, NOW + 3)
    expect(await due(accountId, NOW + 4)).toEqual([])
  })

  test('a failed run waits for its next attempt, counts, and a push does not cut the wait', async () => {
    const { store } = get()
    const { accountId, claim } = await connected(get())
    await store.finish(claim, failure, NOW)
    await store.mark({ accountId, lanes: ['live'] }, 'push', NOW + 1)
    expect(await due(accountId, NOW + 4_999)).toEqual([])
    const [again] = await due(accountId, NOW + 5_000)
    expect(again).toMatchObject({ attempts: 1 })
    if (again) await store.finish(again, { ok: true }, NOW + 5_001)
    await store.mark({ accountId, lanes: ['live'] }, 'poll', NOW + 5_002)
    expect(await due(accountId, NOW + 5_002)).toMatchObject([{ attempts: 0, trigger: 'poll' }])
  })

  test.each(['person', 'connect'] as const)(
    'a mark by %s cuts a backoff short, but not what the provider asked for',
    async trigger => {
      const { store } = get()
      const { accountId, claim } = await connected(get())
      await store.finish(claim, failure, NOW)
      await store.mark({ accountId, lanes: ['live'] }, trigger, NOW + 1)
      const again = await claimLane(store, accountId, 'live', NOW + 1)
      await store.finish(again, { ...failure, kind: 'rate_limited' }, NOW + 2)
      await store.mark({ accountId, lanes: ['live'] }, trigger, NOW + 3)
      expect(await due(accountId, NOW + 3)).toEqual([])
    },
  )

  test('a run that asks for more is due at the time it names, and a mark makes it due now', async () => {
    const { store } = get()
    const { accountId, claim } = await connected(get())
    await store.finish(claim, { ok: true, again: { at: NOW + 9_000 } }, NOW)
    expect(await due(accountId, NOW + 8_999)).toEqual([])
    await store.mark({ accountId, lanes: ['live'] }, 'push', NOW + 10)
    expect(await due(accountId, NOW + 10)).toHaveLength(1)
  })

  test('nextDueAt names the earliest moment at which something is due', async () => {
    const { store } = get()
    const { claim } = await connected(get())
    await store.finish(claim, { ok: true, again: { at: 5 } }, 5)
    expect(await store.nextDueAt()).toBe(5)
    await store.mark({ resourceId: claim.lease.resourceId }, 'push', 6)
    const [taken] = await store.claimDue({ now: 6, leaseMs: 1, limit: 1, accountId: claim.accountId })
    if (taken) await store.finish(taken, { ok: true }, 6)
    expect(await store.nextDueAt()).not.toBe(5)
  })

  test('a lease is renewed by its holder, lapses without, and is then lost to the next', async () => {
    const { store } = get()
    const { accountId, claim } = await connected(get())
    expect(await store.renewLease(claim.lease, NOW + 2 * LEASE_MS)).toBe(true)
    expect(await due(accountId, NOW + LEASE_MS)).toEqual([])
    const next = await claimLane(store, accountId, 'live', NOW + 2 * LEASE_MS)
    expect(await store.renewLease(claim.lease, NOW + 9 * LEASE_MS)).toBe(false)
    await expect(commitUnder(store, claim, { cursor: 'late' })).rejects.toBeInstanceOf(StaleLease)
    // The late worker ends its run and leaves its successor alone.
    await store.finish(claim, { ok: true }, NOW + 2 * LEASE_MS)
    expect(await store.renewLease(next.lease, NOW + 3 * LEASE_MS)).toBe(true)
  })

  test('a commit under another cursor version writes nothing', async () => {
    const { store, feed } = get()
    const { claim, userId, accountId } = await connected(get())
    const { head } = await feed.follow(userId, 0, 100)
    const late = { ...claim }
    await commitUnder(store, claim, { cursor: 'c1' })
    const after = await feed.follow(userId, head, 100)
    await expect(
      commitUnder(store, late, { cursor: 'c1', upserts: [pulledMessage('m1')] }),
    ).rejects.toBeInstanceOf(StaleLease)
    expect(await store.storedCount(accountId)).toBe(0)
    expect((await feed.follow(userId, head, 100)).head).toBe(after.head)
  })

  test('a stale end of a run touches nothing but the run', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    const ended = await store.finish(
      claim,
      { ok: false, kind: 'stale', message: 'x', nextAttemptAt: NOW, stale: true },
      NOW,
    )
    expect(ended.head).toBeNull()
    expect(await due(accountId, NOW + 1)).toEqual([])
    expect(await due(accountId, NOW + LEASE_MS)).toHaveLength(1)
  })
}
