import type { PushEvent } from '@inlet/sync/push-event'
import { COOL_DOWN_AFTER } from '@inlet/sync/status'
import type { Surveyed } from '@inlet/sync/store-port'
import { describe, expect, test } from 'vitest'
import {
  claimLane,
  claimWatch,
  commitUnder,
  connected,
  NOW,
  type StoreUnderTest,
  saveWatch,
  wholeFeed,
} from './store-fixture.ts'

const DAY_MS = 24 * 60 * 60_000

export function doorbellsContract(get: () => StoreUnderTest): void {
  const push = (mailbox: string | null, more: Partial<PushEvent> = {}): PushEvent => ({
    provider: 'gmail',
    pushId: null,
    mailbox,
    resource: null,
    watch: null,
    kind: 'changed',
    problem: null,
    ...more,
  })
  const accountRow = async (userId: string) => {
    const change = (await wholeFeed(get(), userId)).changes.find(each => each.kind === 'account')
    return change?.op === 'upsert' && change.kind === 'account' ? change.row : null
  }

  test('a push marks the live lane of its mailbox, whatever the case of its address', async () => {
    const { store } = get()
    const { claim, accountId, email } = await connected(get())
    await store.finish(claim, { ok: true }, NOW)
    expect(await store.recordPush(push(email.toUpperCase()), NOW + 1)).toEqual({
      outcome: 'marked',
      accountIds: [accountId],
      ring: true,
    })
    const due = await store.claimDue({ now: NOW + 1, leaseMs: 1, limit: 9, accountId })
    expect(due.map(each => [each.lane, each.trigger])).toEqual([['live', 'push']])
  })

  test('a mailbox that several users have connected is marked for each of them', async () => {
    const { store } = get()
    const a = await connected(get(), { email: 'shared@example.com' })
    const b = await connected(get(), { email: 'Shared@example.com' })
    const { outcome, accountIds } = await store.recordPush(push('shared@example.com'), NOW)
    expect([outcome, accountIds.toSorted()]).toEqual(['marked', [a.accountId, b.accountId].toSorted()])
  })

  test('a push seen within the hour is a duplicate that marks all the same; pushes of nobody are told apart', async () => {
    const { store } = get()
    const { claim, email, accountId } = await connected(get())
    await store.finish(claim, { ok: true }, NOW)
    expect((await store.recordPush(push(email, { pushId: 'p1' }), NOW)).outcome).toBe('marked')
    await store.finish(await claimLane(store, accountId, 'live', NOW), { ok: true }, NOW)
    expect((await store.recordPush(push(email, { pushId: 'p1' }), NOW + 1)).outcome).toBe('duplicate')
    await claimLane(store, accountId, 'live', NOW + 1)
    expect((await store.recordPush(push(email, { pushId: 'p1' }), NOW + 2 * 60 * 60_000)).outcome).toBe(
      'marked',
    )
    expect((await store.recordPush(push('nobody@example.com'), NOW)).outcome).toBe('unknown_mailbox')
    expect((await store.recordPush(push(null, { problem: 'not JSON \0' }), NOW)).outcome).toBe('undecodable')
    expect((await store.recordPush(push('a\0@example.com', { pushId: '\0' }), NOW)).outcome).toBe(
      'unknown_mailbox',
    )
    await store.setEnabled(accountId, false, NOW)
    expect((await store.recordPush(push(email), NOW)).outcome).toBe('stopped')
  })

  test('a push rings where something becomes due by it, and again where a mark waits for longer than a moment', async () => {
    const { store } = get()
    const { claim, email, accountId } = await connected(get())
    const rings = async (now: number) => (await store.recordPush(push(email), now)).ring
    // Leased until NOW + 60 s: its runner looks again when it ends.
    expect(await rings(NOW + 1)).toBe(false)
    await store.finish(claim, { ok: true }, NOW + 2)
    const again = await claimLane(store, accountId, 'live', NOW + 2)
    await store.finish(again, { ok: true }, NOW + 3)
    expect(await rings(NOW + 4)).toBe(true)
    expect(await rings(NOW + 5)).toBe(false)
    expect(await rings(NOW + 4 + 1_000)).toBe(true)
    // Waiting to look again later, it becomes due now.
    const waiting = await claimLane(store, accountId, 'live', NOW + 2_000)
    await store.finish(waiting, { ok: true, again: { at: NOW + 9_000 } }, NOW + 2_001)
    expect(await rings(NOW + 2_002)).toBe(true)
    // After a failure its backoff stays: nothing is due yet.
    const failing = await claimLane(store, accountId, 'live', NOW + 2_003)
    await store.finish(
      failing,
      { ok: false, kind: 'transient', message: 'no', nextAttemptAt: NOW + 9_000 },
      NOW + 2_004,
    )
    expect(await rings(NOW + 2_005)).toBe(false)
    expect((await store.recordPush(push('nobody@example.com'), NOW)).ring).toBe(false)
  })

  test('a watch is due until it is saved, again before it expires, and waits after a failure', async () => {
    const { store } = get()
    const { claim, userId, accountId, email } = await connected(get())
    const { resourceId } = claim.lease
    const due = async (now: number) =>
      (await store.watchesDue(now, DAY_MS, 1_000)).find(watch => watch.accountId === accountId)
    expect(await due(NOW)).toEqual({
      resourceId,
      accountId,
      userId,
      email,
      provider: 'gmail',
      key: 'mailbox',
      providerId: null,
      expiresAt: null,
    })
    await store.failWatch(await claimWatch(store, resourceId, NOW), 'refused', NOW + 1_000, NOW)
    expect(await due(NOW + 999)).toBeUndefined()
    expect(await due(NOW + 1_000)).toBeDefined()
    await saveWatch(
      store,
      resourceId,
      { providerId: 'w1', secret: 's', expiresAt: NOW + 3 * DAY_MS },
      NOW + 1_000,
    )
    expect(await due(NOW + 1_000)).toBeUndefined()
    expect(await due(NOW + 2 * DAY_MS)).toBeUndefined()
    expect(await due(NOW + 2 * DAY_MS + 1)).toMatchObject({ providerId: 'w1', expiresAt: NOW + 3 * DAY_MS })
    expect(await accountRow(userId)).toMatchObject({ watchExpiresAt: NOW + 3 * DAY_MS })
    await store.removeWatch(resourceId)
    expect(await due(NOW)).toMatchObject({ providerId: null })
    expect(await accountRow(userId)).toMatchObject({ watchExpiresAt: null })
  })

  test('an account is active once it is synced and watched, and says why when it is not', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const state = async () => {
      const row = await accountRow(userId)
      return row && [row.status.state, row.status.reason]
    }
    expect(await state()).toEqual(['degraded', 'never_synced'])
    await commitUnder(store, claim, { cursor: 'c1' })
    await store.finish(claim, { ok: true }, NOW)
    expect(await state()).toEqual(['degraded', 'watch_missing'])
    await saveWatch(
      store,
      claim.lease.resourceId,
      { providerId: 'w', secret: 's', expiresAt: NOW + DAY_MS },
      NOW,
    )
    expect(await state()).toEqual(['active', null])
    expect(await accountRow(userId)).toMatchObject({ lastSyncAt: NOW })
    const head = (await get().feed.heads([userId])).get(userId)
    // Quiet syncs within 30 s do not write the feed.
    await store.mark({ accountId, lanes: ['live'] }, 'poll', NOW + 10_000)
    const quiet = await claimLane(store, accountId, 'live', NOW + 10_000)
    expect((await store.finish(quiet, { ok: true }, NOW + 10_000)).head).toBeNull()
    expect((await get().feed.heads([userId])).get(userId)).toBe(head)
    await store.mark({ accountId, lanes: ['live'] }, 'poll', NOW + 40_000)
    const later = await claimLane(store, accountId, 'live', NOW + 40_000)
    expect((await store.finish(later, { ok: true }, NOW + 40_000)).head).toBeGreaterThan(head ?? 0)
    expect(await accountRow(userId)).toMatchObject({ lastSyncAt: NOW + 40_000 })
    await store.mark({ accountId, lanes: ['live'] }, 'poll', NOW + 40_001)
    const limited = await claimLane(store, accountId, 'live', NOW + 40_001)
    await store.finish(
      limited,
      { ok: false, kind: 'rate_limited', message: 'slow down', nextAttemptAt: NOW + 99_000 },
      NOW + 40_002,
    )
    expect(await accountRow(userId)).toMatchObject({
      status: { reason: 'throttled', retryAt: NOW + 99_000, error: 'slow down' },
    })
  })

  test('lanes without a trusted doorbell are marked for polling, others are left alone', async () => {
    const { store } = get()
    const unwatched = await connected(get())
    const watched = await connected(get())
    const silent = await connected(get())
    const stopped = await connected(get())
    for (const each of [unwatched, watched, silent, stopped]) {
      await commitUnder(store, each.claim, { cursor: 'c1' })
      await store.finish(each.claim, { ok: true }, NOW)
    }
    const watch = { providerId: 'w', secret: 's', expiresAt: NOW + DAY_MS }
    await saveWatch(store, watched.claim.lease.resourceId, watch, NOW)
    await saveWatch(store, silent.claim.lease.resourceId, watch, NOW)
    await store.setEnabled(stopped.accountId, false, NOW)
    await store.recordPush(push(watched.email), NOW + 590_000)
    const pushed = await claimLane(store, watched.accountId, 'live', NOW + 590_000)
    await store.finish(pushed, { ok: true }, NOW + 1)
    const isDue = async (accountId: string, now: number) =>
      (await store.claimDue({ now, leaseMs: 1, limit: 1, accountId, lanes: ['live'] })).length === 1

    await store.markSilent({ now: NOW + 100_000, silentMs: 600_000, everyMs: 150_000 })
    expect(await isDue(unwatched.accountId, NOW + 100_000)).toBe(false)
    expect(
      await store.markSilent({ now: NOW + 600_000, silentMs: 600_000, everyMs: 150_000 }),
    ).toBeGreaterThanOrEqual(2)
    const now = NOW + 600_000
    expect(await isDue(unwatched.accountId, now)).toBe(true)
    expect(await isDue(silent.accountId, now)).toBe(true)
    expect(await isDue(watched.accountId, now)).toBe(false)
    expect(await isDue(stopped.accountId, now)).toBe(false)
  })

  test('polls sooner what has no doorbell, of the people who are looking', async () => {
    const { store } = get()
    const unwatched = await connected(get())
    const other = await connected(get())
    const watched = await connected(get())
    const stopped = await connected(get())
    const all = [unwatched, other, watched, stopped]
    for (const each of all) {
      await commitUnder(store, each.claim, { cursor: 'c1' })
      await store.finish(each.claim, { ok: true }, NOW)
    }
    const watch = { providerId: 'w', secret: 's', expiresAt: NOW + DAY_MS }
    await saveWatch(store, watched.claim.lease.resourceId, watch, NOW)
    await store.setEnabled(stopped.accountId, false, NOW)
    const looking = { now: NOW + 31_000, silentMs: NOW, everyMs: 30_000 }
    const userIds = [watched.userId, stopped.userId]
    expect(await store.markSilent({ ...looking, userIds })).toBe(0)
    expect(await store.markSilent({ ...looking, userIds: [] })).toBe(0)
    const found = [...userIds, unwatched.userId]
    expect(await store.markSilent({ ...looking, userIds: found, everyMs: 32_000 })).toBe(0)
    expect(await store.markSilent({ ...looking, userIds: found })).toBe(1)
    const claim = { now: looking.now, leaseMs: 1, limit: 1, accountId: unwatched.accountId }
    expect(await store.claimDue({ ...claim, lanes: ['live'] })).toHaveLength(1)
  })

  describe('where one resource surveys the others', () => {
    const surveyed = [{ provider: 'imap' as const, tree: 'tree' }]
    const HOUR_MS = 60 * 60_000
    /** An account with two folders and their tree, all of which have just been pulled but those `held`. */
    const followed = async (held: string[] = []) => {
      const { store } = get()
      const keys = ['a', 'b', 'tree']
      const resources = keys.map(key => ({ key, name: key, watched: false }))
      const { accountId, userId, claim } = await connected(get(), { provider: 'imap', resources })
      const claims = [claim]
      while (claims.length < keys.length) claims.push(await claimLane(store, accountId, 'live', NOW))
      for (const each of claims) {
        await commitUnder(store, each, { cursor: 'c1' })
        if (!held.includes(each.key)) await store.finish(each, { ok: true }, NOW)
      }
      const marked = async (now: number, by: readonly Surveyed[] = surveyed) => {
        await store.markSilent({ now, silentMs: 1, everyMs: 30_000, userIds: [userId], surveyed: by })
        const due = await store.claimDue({ now, leaseMs: 1, limit: 9, accountId, lanes: ['live'] })
        for (const each of due) await store.finish(each, { ok: true }, now)
        return due.map(({ key }) => key).sort()
      }
      const tree = claims.find(({ key }) => key === 'tree') ?? claim
      return { store, accountId, marked, tree }
    }

    test('that one is polled, and the others once an hour', async () => {
      const { marked } = await followed()
      expect(await marked(NOW + 31_000)).toEqual(['tree'])
      expect(await marked(NOW + 62_000, [{ provider: 'imap', tree: 'another' }])).toEqual(['a', 'b', 'tree'])
      expect(await marked(NOW + 61_000 + HOUR_MS)).toEqual(['tree'])
      expect(await marked(NOW + 92_000 + HOUR_MS)).toEqual(['a', 'b', 'tree'])
    })

    test('each is polled by itself while that one goes on failing', async () => {
      const { store, accountId, marked, tree } = await followed(['tree'])
      const now = NOW + 31_000
      const failed = { ok: false as const, kind: 'transient', message: 'no', nextAttemptAt: now }
      let claim = tree
      for (let time = 1; time < COOL_DOWN_AFTER; time++) {
        await store.finish(claim, failed, now)
        claim = await claimLane(store, accountId, 'live', now)
        expect([time, claim.key]).toEqual([time, 'tree'])
        expect(await marked(now)).toEqual([])
      }
      await store.finish(claim, { ...failed, nextAttemptAt: now + HOUR_MS }, now)
      expect(await marked(now)).toEqual(['a', 'b'])
    })
  })
}
