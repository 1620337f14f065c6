import { StaleLease } from '@inlet/sync/provider-errors'
import type { ResourceSpec } from '@inlet/sync/provider-port'
import type { PushEvent } from '@inlet/sync/push-event'
import type { Claim, Store } from '@inlet/sync/store-port'
import { newListing } from '@inlet/sync/sync-resource'
import { expect, test } from 'vitest'
import {
  commitUnder,
  connected,
  LEASE_MS,
  NOW,
  pulledMessage,
  type StoreUnderTest,
  saveWatch,
} from './store-fixture.ts'

const DAY_MS = 24 * 60 * 60_000
const folder = (key: string, watched = true): ResourceSpec => ({ key, name: `Folder ${key}`, watched })

export function resourcesContract(get: () => StoreUnderTest): void {
  /** An account with these folders, all of whose live lanes are claimed; by key. */
  const withFolders = async (resources: ResourceSpec[]) => {
    const account = await connected(get(), { provider: 'graph', resources })
    const others = await claims(get().store, account.accountId)
    const byKey = new Map([account.claim, ...others].map(claim => [claim.key, claim]))
    return { ...account, lane: (key: string) => byKey.get(key) as Claim }
  }
  const claims = (store: Store, accountId: string, now = NOW) =>
    store.claimDue({ now, leaseMs: LEASE_MS, limit: 100, accountId })
  const lanes = async (accountId: string) =>
    ((await get().store.account(accountId))?.resources ?? []).map(({ key, lane }) => `${lane} ${key}`).sort()

  test('each resource has its live lane; failed items and changes of a person are the account’s', async () => {
    const { accountId } = await withFolders([folder('a'), folder('b', false)])
    expect(await lanes(accountId)).toEqual(['items ', 'live a', 'live b', 'mutations '])
  })

  test('a list of resources adds what is new, due at once, and ends what is gone, listing and lease included', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a'), folder('b'), folder('tree', false)])
    await commitUnder(store, lane('b'), { cursor: 'b1', startListing: newListing('backfill', NOW) })
    const [listing] = await claims(store, accountId)
    await commitUnder(store, lane('tree'), {
      cursor: 't1',
      resources: [folder('a'), folder('c'), folder('tree', false)],
    })
    expect(await lanes(accountId)).toEqual(['items ', 'live a', 'live c', 'live tree', 'mutations '])
    expect((await claims(store, accountId)).map(({ key, trigger }) => [key, trigger])).toEqual([
      ['c', 'connect'],
    ])
    for (const claim of [lane('b'), listing as Claim])
      await expect(commitUnder(store, claim, { cursor: 'b2' })).rejects.toThrow(StaleLease)
    await commitUnder(store, lane('a'), { cursor: 'a1' })
    // The same list again changes nothing.
    await commitUnder(store, lane('tree'), {
      cursor: 't2',
      resources: [folder('a'), folder('c'), folder('tree', false)],
    })
    expect(await claims(store, accountId)).toEqual([])
  })

  test('what is found while the account is stopped waits until it is started', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a'), folder('tree', false)])
    await store.setEnabled(accountId, false, NOW)
    await commitUnder(store, lane('tree'), { resources: [folder('a'), folder('new'), folder('tree', false)] })
    expect(await lanes(accountId)).toContain('live new')
    expect(await claims(store, accountId)).toEqual([])
    await store.setEnabled(accountId, true, NOW)
    expect((await claims(store, accountId)).map(({ key }) => key)).toContain('new')
  })

  test('a stale worker changes no resources', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a'), folder('tree', false)])
    const stale = { ...lane('tree'), lease: { ...lane('tree').lease, token: 'another' } }
    await expect(commitUnder(store, stale, { resources: [] })).rejects.toThrow(StaleLease)
    expect(await lanes(accountId)).toContain('live a')
  })

  test('a failed item of any resource wakes the account’s items lane', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a'), folder('b')])
    const failures = [{ id: 'm1', code: 'unparsable', message: 'no', retryAt: NOW + 1_000 }]
    await commitUnder(store, lane('b'), { failures })
    expect((await claims(store, accountId, NOW + 1_000)).map(({ key, lane }) => [lane, key])).toEqual([
      ['items', ''],
    ])
    await commitUnder(store, lane('a'), { upserts: [pulledMessage('m1')] })
    expect(await store.nextItemAt(accountId)).toBeNull()
  })

  test('what is gone before it was stored is not brought back by a listing in flight, but asked for', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a')])
    await commitUnder(store, lane('a'), { cursor: 'c', startListing: newListing('backfill', NOW) })
    const [listing] = await claims(store, accountId)
    await commitUnder(store, lane('a'), { missing: ['m1', 'm2'] })
    await commitUnder(store, listing as Claim, {
      upserts: [pulledMessage('m1'), pulledMessage('m2')],
      heals: false,
    })
    expect(await store.storedCount(accountId)).toBe(0)
    const [items] = await claims(store, accountId)
    expect(items?.lane).toBe('items')
    const heals = new Map([
      ['m1', 1],
      ['m2', 1],
    ])
    await commitUnder(store, items as Claim, { upserts: [pulledMessage('m1')], missing: ['m2'], heals })
    expect([...(await store.storedVersions(accountId, ['m1', 'm2'])).keys()]).toEqual(['m1'])
    expect(await store.nextItemAt(accountId)).toBeNull()
  })

  test('only what has a doorbell has a watch, and the account is well without the others', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a'), folder('tree', false)])
    const due = async () =>
      (await store.watchesDue(NOW, DAY_MS, 10_000)).filter(watch => watch.accountId === accountId)
    expect((await due()).map(({ key }) => key)).toEqual(['a'])
    for (const key of ['a', 'tree']) {
      await commitUnder(store, lane(key), { cursor: 'c' })
      await store.finish(lane(key), { ok: true }, NOW)
    }
    expect((await store.account(accountId))?.status).toMatchObject({ reason: 'watch_missing' })
    await saveWatch(
      store,
      lane('a').lease.resourceId,
      { providerId: 'w', secret: 's', expiresAt: NOW + 9 * DAY_MS },
      NOW,
    )
    expect((await store.account(accountId))?.status).toMatchObject({ state: 'active' })
    expect(await due()).toEqual([])
  })

  test('an account without any doorbell is polled, and nothing is amiss', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a', false)])
    await commitUnder(store, lane('a'), { cursor: 'c' })
    await store.finish(lane('a'), { ok: true }, NOW)
    expect((await store.account(accountId))?.status).toMatchObject({ state: 'active' })
    await store.markSilent({ now: NOW + 600_000, silentMs: 600_000, everyMs: 150_000 })
    const [polled] = await claims(store, accountId, NOW + 600_000)
    expect(polled?.trigger).toBe('poll')
    // That a poll found something says that a push is missing only of what has a doorbell.
    await commitUnder(store, polled as Claim, { upserts: [pulledMessage('m1')] })
    await store.finish(polled as Claim, { ok: true }, NOW + 600_001)
    expect((await store.account(accountId))?.status).toMatchObject({ state: 'active', reason: null })
  })

  test('a push that names a watch marks its resource, if it knows the watch’s secret', async () => {
    const { store } = get()
    const { accountId, lane } = await withFolders([folder('a'), folder('b')])
    const watches = { a: `wa ${accountId}`, b: `wb ${accountId}` }
    for (const key of ['a', 'b'] as const) {
      const watch = { providerId: watches[key], secret: `secret of ${key}`, expiresAt: NOW + 9 * DAY_MS }
      await store.finish(lane(key), { ok: true }, NOW)
      await saveWatch(store, lane(key).lease.resourceId, watch, NOW)
    }
    const push = (providerId: string, secret: string, more: Partial<PushEvent> = {}): PushEvent => {
      const nobody = {
        provider: 'graph',
        pushId: null,
        mailbox: null,
        resource: null,
        problem: null,
      } as const
      return { ...nobody, watch: { providerId, secret }, kind: 'changed', ...more }
    }
    const record = async (event: PushEvent, at = NOW + 1) => (await store.recordPush(event, at)).outcome
    expect(await record(push(watches.a, 'secret of b'))).toBe('forged')
    expect(await record(push('nobody’s', 'secret of a'))).toBe('unknown_mailbox')
    expect(await record(push(watches.a, 'secret of a', { provider: 'gmail' }))).toBe('unknown_mailbox')
    expect(await claims(store, accountId, NOW + 1)).toEqual([])
    expect(await store.recordPush(push(watches.a, 'secret of a'), NOW + 1)).toEqual({
      outcome: 'marked',
      accountIds: [accountId],
      ring: true,
    })
    expect((await claims(store, accountId, NOW + 1)).map(({ key, trigger }) => [key, trigger])).toEqual([
      ['a', 'push'],
    ])

    // Renewed: the secret stays. Lapsing: due for renewal now. Removed: to be registered anew.
    const { resourceId } = lane('b').lease
    await saveWatch(
      store,
      resourceId,
      { providerId: watches.b, secret: null, expiresAt: NOW + 12 * DAY_MS },
      NOW,
    )
    const due = async () =>
      (await store.watchesDue(NOW + 2, DAY_MS, 10_000)).filter(watch => watch.accountId === accountId)
    expect(await due()).toEqual([])
    expect(await record(push(watches.b, 'a guess', { kind: 'removed' }))).toBe('forged')
    expect(await due()).toEqual([])
    expect(await record(push(watches.b, 'secret of b', { kind: 'lapsing' }))).toBe('marked')
    expect(await due()).toMatchObject([{ key: 'b', providerId: watches.b }])
    expect(await record(push(watches.b, 'secret of b', { kind: 'removed' }))).toBe('marked')
    expect(await due()).toMatchObject([{ key: 'b', providerId: null }])
  })
}
