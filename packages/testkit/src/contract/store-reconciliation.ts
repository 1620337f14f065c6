import { comparison } from '@inlet/sync/reconcile'
import type { Claim, Store } from '@inlet/sync/store-port'
import { newListing } from '@inlet/sync/sync-resource'
import { addFound, NOTHING_FOUND, type Tally } from '@inlet/sync/tally'
import { expect, test } from 'vitest'
import {
  claimLane,
  commitUnder,
  connected,
  inbox,
  NOW,
  pulledMessage,
  type StoreUnderTest,
  wholeFeed,
} from './store-fixture.ts'

const HOUR = 60 * 60_000

export function reconciliationContract(get: () => StoreUnderTest): void {
  /** An account that can be compared: every live lane has a cursor, nothing is listed. */
  async function settled(keys = ['mailbox']) {
    const resources = keys.map(key => ({ key, name: key, watched: false }))
    const made = await connected(get(), { resources })
    const { store } = get()
    for (let claim: Claim | null = made.claim; claim; ) {
      await commitUnder(store, claim, { cursor: 'c' })
      await store.finish(claim, { ok: true }, NOW)
      claim = (await store.claimDue({ ...due(made.accountId), lanes: ['live'] }))[0] ?? null
    }
    return made
  }
  const due = (accountId: string, now = NOW) => ({ now, leaseMs: 60_000, limit: 1, accountId })
  const start = async (store: Store, accountId: string, now = NOW, notSince?: number) => {
    const listing = comparison(now)
    const more = notSince === undefined ? {} : { notSince }
    const { started } = await store.startReconciliation(
      accountId,
      { listing, trigger: 'person', ...more },
      now,
    )
    return started ? listing : null
  }
  const end = (store: Store, walk: Claim, tally: Partial<Tally>, now = NOW) => {
    const { compare } = JSON.parse(walk.cursor ?? '')
    const reconciled = { provider: 0, stored: 0, ...NOTHING_FOUND, ...tally, id: compare.id }
    return commitUnder(store, walk, { now, cursor: null, forgetSeen: true, reconciled })
  }

  test('a comparison walks every resource, and ends with the last of them', async () => {
    const { store } = get()
    const { accountId, userId } = await settled(['a', 'b'])
    await store.saveProof(accountId, { stored: 5, provider: 5, checkedAt: NOW, differsSince: null })
    const listing = await start(store, accountId)
    const first = await claimLane(store, accountId, 'listing', NOW)
    const second = await claimLane(store, accountId, 'listing', NOW)
    expect(JSON.parse(first.cursor ?? '')).toEqual(listing)
    await end(store, first, { provider: 3, stored: 2, missing: 1 }, NOW + 5)
    expect(await store.reconciliations(accountId, 9)).toMatchObject([{ outcome: 'running', endedAt: null }])
    await end(store, second, { provider: 2, stored: 3, extra: 1 }, NOW + 9)
    const [record] = await store.reconciliations(accountId, 9)
    expect(record).toMatchObject({
      ...{ accountId, trigger: 'person', startedAt: NOW, endedAt: NOW + 9, outcome: 'done' },
      ...{ provider: 5, stored: 5, missing: 1, extra: 1, differing: 0, failed: 0 },
    })
    expect(record?.resources.map(({ name, missing, extra }) => [name, missing, extra])).toEqual([
      [first.key, 1, 0],
      [second.key, 0, 1],
    ])
    const { changes } = await wholeFeed(get(), userId)
    expect(changes.find(change => change.kind === 'account')).toMatchObject({
      row: {
        progress: null,
        proof: { compared: { at: NOW + 9, missing: 1, extra: 1, differing: 0, failed: 0 } },
      },
    })
  })

  test('a comparison does not begin beside another, before the first cursor, or where nothing may run', async () => {
    const { store } = get()
    const fresh = await connected(get())
    expect(await start(store, fresh.accountId)).toBeNull()
    const { accountId } = await settled()
    await store.setEnabled(accountId, false, NOW)
    expect(await start(store, accountId)).toBeNull()
    await store.setEnabled(accountId, true, NOW)
    expect(await start(store, accountId)).not.toBeNull()
    expect(await start(store, accountId)).toBeNull()
    await end(store, await claimLane(store, accountId, 'listing', NOW), {})
    expect(await start(store, accountId, NOW + HOUR, NOW - 1)).toBeNull()
    expect(await start(store, accountId, NOW + HOUR, NOW)).not.toBeNull()
  })

  test('what is walked for another reason meanwhile makes a comparison incomplete; what is gone does not', async () => {
    const { store } = get()
    const { accountId } = await settled()
    await start(store, accountId)
    await store.mark({ accountId, lanes: ['live'] }, 'push', NOW)
    const live = await claimLane(store, accountId, 'live', NOW)
    await commitUnder(store, live, { cursor: 'd', startListing: newListing('resync', NOW) })
    expect(await store.reconciliations(accountId, 1)).toMatchObject([
      { outcome: 'interrupted', endedAt: NOW },
    ])

    const folders = await settled(['a', 'b'])
    await start(store, folders.accountId)
    const walk = await claimLane(store, folders.accountId, 'listing', NOW)
    await end(store, walk, { provider: 1, stored: 1 })
    await store.mark({ accountId: folders.accountId, lanes: ['live'] }, 'push', NOW)
    const lanes = [1, 2].map(() => claimLane(store, folders.accountId, 'live', NOW))
    const kept = (await Promise.all(lanes)).find(each => each.key === walk.key)
    const resources = [{ key: walk.key, name: walk.key, watched: false }]
    if (kept) await commitUnder(store, kept, { resources })
    expect(await store.reconciliations(folders.accountId, 1)).toMatchObject([
      { outcome: 'done', provider: 1 },
    ])
  })

  test('what a batch finds is added to the tally in its cursor', async () => {
    const { store } = get()
    const { accountId } = await settled()
    const listing = await start(store, accountId)
    const walk = await claimLane(store, accountId, 'listing', NOW)
    const upserts = ['a', 'b', 'c'].map(id => pulledMessage(id))
    const cursor = JSON.stringify(listing)
    await commitUnder(store, walk, { labels: [inbox], upserts: upserts.slice(0, 2), cursor })
    const part = {
      upserts: [pulledMessage('a'), pulledMessage('b', { unread: true }), pulledMessage('c')],
      failures: [{ id: 'd', code: 'x', message: 'x', retryAt: NOW }],
      ...{ cursor, tallied: true, heals: false as const },
    }
    const found = { missing: 1, extra: 0, differing: 1, failed: 1 }
    expect((await commitUnder(store, walk, part)).found).toEqual(found)
    const gone = { missing: ['a', 'never'], cursor, tallied: true }
    expect((await commitUnder(store, walk, gone)).found).toEqual({ ...NOTHING_FOUND, extra: 1 })
    await store.finish(walk, { ok: true, again: { at: NOW } }, NOW)
    const { compare } = JSON.parse((await claimLane(store, accountId, 'listing', NOW)).cursor ?? '')
    expect(compare.tally).toEqual(
      addFound({ provider: 0, stored: 0, ...NOTHING_FOUND }, { ...NOTHING_FOUND, extra: 1 }),
    )
  })

  test('a comparison’s word on a place holds only where that is as it was seen', async () => {
    const { store } = get()
    const { accountId } = await settled(['f'])
    const listing = await start(store, accountId)
    const walk = await claimLane(store, accountId, 'listing', NOW)
    const place = (uid: number, flags: string[] = []) => ({ messageId: `m${uid}`, uid, flags, modseq: null })
    const at = { resource: 'f', epoch: '1' }
    const stored = (uid: number, flags: string[] = []) => ({ ...place(uid, flags), ...at })
    const cursor = JSON.stringify(listing)
    const commit = (places: object) =>
      commitUnder(store, walk, {
        placed: true,
        cursor,
        tallied: true,
        places: { ...at, put: [], gone: [], ...places },
      })
    await commit({ put: [1, 2, 3, 4].map(uid => place(uid)) })
    const all = [1, 2, 3, 4].map(uid => pulledMessage(`m${uid}`, { labelIds: [] }))
    await commitUnder(store, walk, { placed: true, upserts: all })
    // Since it looked, live sync has flagged 2 and stored 5.
    await commit({ put: [place(2, ['\\Seen']), place(5)] })
    const done = await commit({
      put: [place(1, ['\\Flagged']), place(2, ['\\Flagged']), place(5, ['\\Flagged'])],
      gone: [3],
      was: [1, 2, 3].map(uid => stored(uid)),
    })
    expect(done.found).toEqual({ missing: 0, extra: 1, differing: 1, failed: 0 })
    const places = await store.placesIn(accountId, 'f', '1', { first: 1, last: 9 }, 9)
    expect(places.map(({ uid, flags }) => [uid, ...flags])).toEqual([
      [1, '\\Flagged'],
      [2, '\\Seen'],
      [4],
      [5],
    ])
    expect(await store.unplaced(accountId, 9)).toEqual([])
    expect(await store.storedCount(accountId, 'places', 'f')).toBe(4)
    expect(await store.storedCount(accountId, 'places', 'g')).toBe(0)
  })

  test('what was met and is not stored, or does not carry the label, is suspect; so is what would be another row', async () => {
    const { store } = get()
    const { accountId, userId } = await settled()
    await start(store, accountId)
    const walk = await claimLane(store, accountId, 'listing', NOW)
    const upserts = [pulledMessage('a'), pulledMessage('b', { labelIds: [] })]
    await commitUnder(store, walk, { labels: [inbox], upserts })
    await commitUnder(store, walk, { seen: { listing: 'all', ids: ['d', 'c', 'b', 'a'] } })
    const { resourceId } = walk.lease
    expect(await store.unstored(resourceId, 'all', null, '', 9)).toEqual(['c', 'd'])
    expect(await store.unstored(resourceId, 'all', null, 'c', 9)).toEqual(['d'])
    expect(await store.unstored(resourceId, 'all', 'INBOX', '', 9)).toEqual(['b'])
    expect(await store.unstored(resourceId, 'other', null, '', 9)).toEqual([])
    expect(await store.seenIds(resourceId, 'all', 'a', 2)).toEqual(['b', 'c'])
    expect(await store.storedCount(accountId, 'messages', 'INBOX')).toBe(1)
    const told = [pulledMessage('a'), pulledMessage('b', { labelIds: [], starred: true })]
    expect(await store.differing(userId, accountId, told)).toEqual(['b'])
    expect((await store.storedVersions(accountId, ['a', 'b'])).size).toBe(2)
  })

  test('a message that carries what is no label of its account is found, and is what the provider says of it', async () => {
    const { store, mislabel } = get()
    const { accountId } = await settled()
    const other = await settled()
    await start(store, accountId)
    const walk = await claimLane(store, accountId, 'listing', NOW)
    const unlisted = pulledMessage('c', { labelIds: ['made-and-gone'] })
    const upserts = [pulledMessage('a'), pulledMessage('b'), unlisted, pulledMessage('d', { labelIds: [] })]
    await commitUnder(store, walk, { labels: [inbox], upserts })
    const found = (after = '', limit = 9) => store.mislabelled(accountId, after, limit)
    expect(await found()).toEqual([])
    for (const id of ['a', 'b', 'd']) await mislabel(accountId, id)
    expect(await found()).toEqual(['a', 'b', 'd'])
    expect(await found('a', 1)).toEqual(['b'])
    expect(await store.mislabelled(other.accountId, '', 9)).toEqual([])
    const again = await commitUnder(store, walk, { upserts, heals: false })
    expect(again.found).toMatchObject({ missing: 0, extra: 0, differing: 3 })
    expect(await found()).toEqual([])
    expect((await commitUnder(store, walk, { upserts, heals: false })).found.differing).toBe(0)
  })

  test('only the last thirty comparisons are kept', async () => {
    const { store } = get()
    const { accountId } = await settled()
    for (let n = 0; n < 32; n++) {
      await start(store, accountId, NOW + n)
      await end(store, await claimLane(store, accountId, 'listing', NOW + n), {}, NOW + n)
      await store.mark({ accountId, lanes: ['listing'] }, 'person', NOW + n)
    }
    const kept = await store.reconciliations(accountId, 99)
    expect(kept.map(record => record.startedAt)).toEqual(Array.from({ length: 30 }, (_, n) => NOW + 31 - n))
  })

  test('an account is due when it was not compared for long, once, and goes with its records', async () => {
    const { store } = get()
    const { accountId } = await settled()
    const isDue = async (before: number) =>
      (await store.reconciliationsDue(before, NOW, 1_000)).includes(accountId)
    expect(await isDue(NOW)).toBe(false)
    expect(await isDue(NOW + 1)).toBe(true)
    expect(await store.reconciliationsDue(NOW + 1, NOW, 0)).toEqual([])
    await start(store, accountId, NOW + 2)
    expect(await isDue(NOW + 3)).toBe(false)
    // Places are taken by those under way, but not for ever.
    const { accountId: next } = await settled()
    const free = async (stuck: number) => (await store.reconciliationsDue(NOW + 1, stuck, 1)).length
    expect(await free(NOW + 2)).toBe(0)
    expect(await free(NOW + 2 * HOUR)).toBe(1)
    await store.deleteAccount(next, NOW)
    await end(store, await claimLane(store, accountId, 'listing', NOW + 2), {}, NOW + 2)
    expect(await isDue(NOW + 2)).toBe(false)
    expect(await isDue(NOW + 3)).toBe(true)
    await store.deleteAccount(accountId, NOW)
    expect(await store.reconciliations(accountId, 9)).toEqual([])
    expect(await isDue(NOW + 3)).toBe(false)
  })

  test('a live lane has passed when a run that began later has ended well', async () => {
    const { store } = get()
    const { accountId } = await connected(get())
    expect(await store.livePassed(accountId, 'mailbox')).toBeNull()
    const { accountId: other } = await settled()
    expect(await store.livePassed(other, 'mailbox')).toBe(NOW)
    await store.mark({ accountId: other, lanes: ['live'] }, 'push', NOW)
    const failed = await claimLane(store, other, 'live', NOW + 5)
    const end = { ok: false as const, kind: 'transient', message: 'x', nextAttemptAt: NOW + 6 }
    await store.finish(failed, end, NOW + 6)
    expect(await store.livePassed(other, 'mailbox')).toBe(NOW)
    await store.finish(await claimLane(store, other, 'live', NOW + 7), { ok: true }, NOW + 9)
    expect(await store.livePassed(other, 'mailbox')).toBe(NOW + 7)
  })
}
