import { StaleLease } from '@inlet/sync/provider-errors'
import { rowId } from '@inlet/sync/row-id'
import type { ListingCursor } from '@inlet/sync/store-port'
import { expect, test } from 'vitest'
import {
  claimLane,
  commitUnder,
  connected,
  NOW,
  pulledMessage,
  type StoreUnderTest,
  wholeFeed,
} from './store-fixture.ts'

export function listingContract(get: () => StoreUnderTest): void {
  const listing = (more: Partial<ListingCursor> = {}): ListingCursor => ({
    kind: 'backfill',
    startedAt: NOW,
    listings: null,
    position: null,
    checking: false,
    done: 0,
    base: 0,
    total: null,
    ...more,
  })
  const accountRow = async (userId: string) => {
    const change = (await wholeFeed(get(), userId)).changes.find(each => each.kind === 'account')
    return change?.op === 'upsert' && change.kind === 'account' ? change.row : null
  }

  test('a live commit opens the listing lane, whose cursor shows as progress until it is cleared', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    await commitUnder(store, claim, { cursor: 'c1', startListing: listing() })
    expect(await accountRow(userId)).toMatchObject({
      progress: { kind: 'backfill', done: 0, total: null, startedAt: NOW },
    })
    const walk = await claimLane(store, accountId, 'listing', NOW)
    expect(JSON.parse(walk.cursor ?? '')).toEqual(listing())
    await commitUnder(store, walk, {
      upserts: [pulledMessage('m1')],
      cursor: JSON.stringify(listing({ done: 1, total: 9 })),
    })
    expect(await accountRow(userId)).toMatchObject({ progress: { done: 1, total: 9 } })
    await commitUnder(store, walk, { cursor: null, forgetSeen: true })
    await store.finish(walk, { ok: true }, NOW)
    expect(await accountRow(userId)).toMatchObject({ progress: null })
  })

  test('a listing that is opened anew fences the one that is being walked', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    await commitUnder(store, claim, { cursor: 'c1', startListing: listing() })
    const walk = await claimLane(store, accountId, 'listing', NOW)
    await commitUnder(store, claim, { cursor: 'c2', startListing: listing({ kind: 'resync' }) })
    await expect(commitUnder(store, walk, { cursor: 'x' })).rejects.toBeInstanceOf(StaleLease)
    expect((await claimLane(store, accountId, 'listing', NOW)).cursor).toContain('resync')
  })

  test('what a listing has not met, and was stored before it began, is suspect; nothing is deleted by that', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    const upserts = ['a', 'b', 'c'].map(id => pulledMessage(id, { labelIds: id === 'c' ? [] : ['INBOX'] }))
    await commitUnder(store, claim, { now: NOW - 10, upserts })
    await commitUnder(store, claim, { now: NOW + 10, upserts: [pulledMessage('late')] })
    await commitUnder(store, claim, { cursor: 'c1', startListing: listing({ kind: 'resync' }) })
    const walk = await claimLane(store, accountId, 'listing', NOW)
    const { resourceId } = walk.lease
    await commitUnder(store, walk, { seen: { listing: 'all', ids: ['a', 'unknown'] } })
    await commitUnder(store, walk, { seen: { listing: 'all', ids: ['a'] } })
    expect((await store.unlisted(resourceId, 'all', null, NOW, 10)).toSorted()).toEqual(['b', 'c'])
    expect(await store.unlisted(resourceId, 'all', 'INBOX', NOW, 10)).toEqual(['b'])
    expect(await store.unlisted(resourceId, 'other', 'INBOX', NOW, 1)).toHaveLength(1)
    expect(await store.storedCount(accountId)).toBe(4)
    await commitUnder(store, walk, { forgetSeen: true })
    expect(await store.unlisted(resourceId, 'all', null, NOW, 10)).toHaveLength(3)
    expect(await store.storedVersions(accountId, ['a', 'c'], 'INBOX')).toEqual(new Map([['a', 1n]]))
  })

  test('a failed item is durable, shows in the status, comes due in its lane, and heals', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const failure = { id: 'bad', code: 'parse', message: 'broken', retryAt: NOW + 1_000 }
    await commitUnder(store, claim, {
      failures: [failure, { ...failure, id: 'worse', retryAt: NOW + 9_000 }],
    })
    expect(await accountRow(userId)).toMatchObject({ failedItems: 2 })
    expect(await store.dueItems(accountId, NOW + 999, 10)).toEqual([])
    expect(await store.dueItems(accountId, NOW + 1_000, 10)).toEqual([{ id: 'bad', attempts: 1 }])
    expect(await store.nextItemAt(accountId)).toBe(NOW + 1_000)
    const early = { now: NOW + 999, leaseMs: 60_000, limit: 1, accountId, lanes: ['items' as const] }
    expect(await store.claimDue(early)).toEqual([])
    const retry = await claimLane(store, accountId, 'items', NOW + 1_000)
    await commitUnder(store, retry, { failures: [{ ...failure, retryAt: NOW + 5_000 }] })
    expect(await store.dueItems(accountId, NOW + 5_000, 10)).toEqual([{ id: 'bad', attempts: 2 }])
    await store.finish(retry, { ok: true, again: { at: NOW + 5_000 } }, NOW + 1_001)
    expect(await store.claimDue({ ...early, now: NOW + 4_999 })).toEqual([])
    const last = await claimLane(store, accountId, 'items', NOW + 5_000)
    await commitUnder(store, last, { upserts: [pulledMessage('bad')], missing: ['worse'] })
    expect(await accountRow(userId)).toMatchObject({ failedItems: 0 })
    expect(await store.nextItemAt(accountId)).toBeNull()
  })

  test('a retry does not end a failure that was written while it was under way', async () => {
    const { store } = get()
    const { claim, userId, accountId } = await connected(get())
    const failure = { id: 'bad', code: 'parse', message: 'broken', retryAt: NOW }
    await commitUnder(store, claim, { failures: [failure] })
    const retry = await claimLane(store, accountId, 'items', NOW)
    // Fetched before live sync failed with a newer state.
    const fetched = { upserts: [pulledMessage('bad')], heals: new Map([['bad', 1]]) }
    await commitUnder(store, claim, { failures: [{ ...failure, retryAt: NOW + 50 }] })
    await commitUnder(store, retry, fetched)
    expect(await accountRow(userId)).toMatchObject({ failedItems: 1 })
    expect(await store.dueItems(accountId, NOW + 50, 10)).toEqual([{ id: 'bad', attempts: 2 }])
    await commitUnder(store, retry, { ...fetched, heals: new Map([['bad', 2]]) })
    expect(await accountRow(userId)).toMatchObject({ failedItems: 0 })
  })

  test('a retry does not bring back what is known to be gone since it began', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    const failure = { id: 'bad', code: 'parse', message: 'broken', retryAt: NOW }
    await commitUnder(store, claim, { failures: [failure] })
    const retry = await claimLane(store, accountId, 'items', NOW)
    // Fetched while it was there, and answered late.
    const fetched = { upserts: [pulledMessage('bad')], heals: new Map([['bad', 1]]) }
    await commitUnder(store, claim, { missing: ['bad'] })
    await commitUnder(store, retry, fetched)
    expect(await store.storedCount(accountId)).toBe(0)
    // It comes again, and cannot be read: that is another failure, asked for since.
    await commitUnder(store, claim, { failures: [failure] })
    await commitUnder(store, retry, fetched)
    expect(await store.storedCount(accountId)).toBe(1)
    expect(await store.nextItemAt(accountId)).toBeNull()
  })

  test('a failure written while the items lane runs leaves one more run behind it', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    const failure = { id: 'bad', code: 'parse', message: 'broken', retryAt: NOW }
    await commitUnder(store, claim, { failures: [failure] })
    const retry = await claimLane(store, accountId, 'items', NOW)
    await commitUnder(store, claim, { failures: [{ ...failure, id: 'new', retryAt: NOW + 50 }] })
    await store.finish(retry, { ok: true }, NOW)
    expect(await claimLane(store, accountId, 'items', NOW + 50)).toMatchObject({ trigger: 'retry' })
  })

  test('a patch on a message that is not stored becomes a failed item due at once', async () => {
    const { store } = get()
    const { claim, accountId } = await connected(get())
    await commitUnder(store, claim, {
      cursor: 'c1',
      patches: [{ id: 'unseen', version: 2n, add: ['X'], remove: [], unread: null, starred: null }],
    })
    expect((await store.dueItems(accountId, NOW, 10)).map(item => item.id)).toEqual(['unseen'])
    expect(await claimLane(store, accountId, 'items', NOW)).toMatchObject({ lane: 'items' })
    expect(rowId(accountId, 'message', 'unseen')).toHaveLength(16)
  })
}
