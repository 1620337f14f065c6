import type { Message } from '@inlet/protocol/entities'
import type { PlacesPage, PulledPlace } from '@inlet/sync/places'
import type { PulledLabel } from '@inlet/sync/provider-port'
import { rowId } from '@inlet/sync/row-id'
import type { Batch, Claim } from '@inlet/sync/store-port'
import { newListing } from '@inlet/sync/sync-resource'
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

const EPOCH = '7'
const ALL = { first: 1, last: 4_294_967_295 }
const label = (id: string, role: PulledLabel['role'] = null): PulledLabel => ({
  id,
  name: id,
  role,
  color: null,
  hidden: false,
})
const place = (uid: number, messageId: string, ...flags: string[]): PulledPlace => ({
  messageId,
  uid,
  flags,
  modseq: null,
})

/** What a store promises for providers that tell where messages lie: IMAP. */
export function placesContract(get: () => StoreUnderTest): void {
  /** An account with the folders a, b and drafts, whose live lanes are claimed. */
  const placed = async () => {
    const { store } = get()
    const resources = ['a', 'b', 'drafts'].map(key => ({ key, name: key, watched: false }))
    const account = await connected(get(), { provider: 'imap', resources })
    const { accountId, userId } = account
    const others = [
      await claimLane(store, accountId, 'live', NOW),
      await claimLane(store, accountId, 'live', NOW),
    ]
    const lanes = new Map([account.claim, ...others].map(claim => [claim.key, claim]))
    const lane = (key: string) => lanes.get(key) as Claim
    const commit = (claim: Claim, part: Partial<Batch>) =>
      commitUnder(store, claim, { placed: true, ...part })
    const say = (
      key: string,
      { epoch = EPOCH, put = [], gone = [] }: Partial<PlacesPage>,
      more: Partial<Batch> = {},
    ) => commit(lane(key), { places: { resource: key, epoch, put, gone }, ...more })
    await commit(lane('a'), { labels: [label('a'), label('b'), label('drafts', 'drafts')] })
    const row = async (id: string) => {
      const { changes } = await wholeFeed(get(), userId)
      const found = changes.find(each => each.id === rowId(accountId, 'message', id))
      return found?.op === 'upsert' ? (found.row as Message) : null
    }
    const state = async (id: string) => {
      const found = await row(id)
      if (!found) return null
      const names = new Map(['a', 'b', 'drafts'].map(key => [rowId(accountId, 'label', key), key]))
      const { unread, starred, draft, labelIds } = found
      return { in: labelIds.map(each => names.get(each)).sort(), unread, starred, draft }
    }
    const listed = async (key: string) => {
      await commit(lane(key), { cursor: 'c', startListing: newListing('backfill', NOW) })
      return await claimLane(store, accountId, 'listing', NOW)
    }
    const due = async (now = NOW) => (await store.dueItems(accountId, now, 100)).map(({ id }) => id).sort()
    return { store, accountId, userId, lane, commit, say, state, listed, due }
  }
  const as = (folders: string[], more: object = {}) => ({
    in: folders,
    unread: true,
    starred: false,
    draft: false,
    ...more,
  })

  test('a message is in all folders where it lies, and its flags are those of all its places', async () => {
    const { say, commit, lane, state } = await placed()
    await say(
      'a',
      { put: [place(1, 'm')] },
      { upserts: [pulledMessage('m', { labelIds: ['x'], starred: true })] },
    )
    expect(await state('m')).toEqual(as(['a']))
    await say('b', { put: [place(9, 'm', '\\SEEN')] })
    expect(await state('m')).toEqual(as(['a', 'b'], { unread: false }))
    await say('a', { put: [place(1, 'm', '\\Flagged')] })
    expect(await state('m')).toEqual(as(['a', 'b'], { unread: false, starred: true }))
    await say('b', { gone: [9] })
    expect(await state('m')).toEqual(as(['a'], { starred: true }))
    await say('drafts', { put: [place(3, 'm')] })
    expect(await state('m')).toEqual(as(['a', 'drafts'], { starred: true, draft: true }))
    // A state that is fetched is content: what it says of folders and flags is not asked for.
    await commit(lane('a'), { upserts: [pulledMessage('m', { labelIds: [] })] })
    expect(await state('m')).toEqual(as(['a', 'drafts'], { starred: true, draft: true }))
  })

  test('the same places again change nothing (I4)', async () => {
    const { say, store, userId, accountId } = await placed()
    const first = () =>
      say(
        'a',
        { put: [place(1, 'm', '\\Seen'), place(2, 'n')], gone: [3] },
        { upserts: ['m', 'n'].map(id => pulledMessage(id)) },
      )
    await first()
    const { head } = await wholeFeed(get(), userId)
    const versions = await store.storedVersions(accountId, ['m', 'n'])
    expect(await first()).toMatchObject({ upserts: 0, deletions: 0, head: null })
    expect((await wholeFeed(get(), userId)).head).toBe(head)
    expect(await store.storedVersions(accountId, ['m', 'n'])).toEqual(versions)
    expect(await store.storedCount(accountId, 'places')).toBe(2)
    expect(await store.storedCount(accountId)).toBe(2)
  })

  test.each([['arrival first'], ['departure first']])('a move deletes nothing: %s', async order => {
    const { say, state, due, userId } = await placed()
    await say('a', { put: [place(1, 'm', '\\Seen')] }, { upserts: [pulledMessage('m')] })
    const halves = [() => say('b', { put: [place(5, 'm', '\\Seen')] }), () => say('a', { gone: [1] })]
    for (const half of order === 'arrival first' ? halves : halves.reverse()) {
      expect(await half()).toMatchObject({ deletions: 0 })
      expect(await state('m')).not.toBeNull()
    }
    expect(await state('m')).toEqual(as(['b'], { unread: false }))
    expect(await due(NOW + 60_000)).toEqual([])
    const { changes } = await wholeFeed(get(), userId)
    expect(changes.filter(({ kind, op }) => kind === 'message' && op === 'delete')).toEqual([])
  })

  test('what lies nowhere stays as it was until the provider has been asked, after a moment', async () => {
    const { say, commit, state, due, accountId, store } = await placed()
    await say('a', { put: [place(1, 'm')] }, { upserts: [pulledMessage('m')] })
    await say('a', { gone: [1] })
    expect(await state('m')).toEqual(as(['a']))
    expect(await due()).toEqual([])
    expect(await due(NOW + 10_000)).toEqual(['m'])
    // Nothing has failed yet.
    expect((await store.account(accountId))?.status.reason).not.toBe('failed_items')
    const items = await claimLane(store, accountId, 'items', NOW + 10_000)
    expect(await commit(items, { missing: ['m'] })).toMatchObject({ deletions: 1 })
    expect(await state('m')).toBeNull()
    expect(await due(NOW + 60_000)).toEqual([])
  })

  test('a message that was deleted and lies somewhere again is a row again', async () => {
    const { say, commit, lane, state } = await placed()
    await say('a', { put: [place(1, 'm')] }, { upserts: [pulledMessage('m')] })
    await say('a', { gone: [1] })
    await commit(lane('b'), { missing: ['m'] })
    expect(await state('m')).toBeNull()
    await say('b', { put: [place(1, 'm', '\\Flagged')] }, { upserts: [pulledMessage('m')] })
    expect(await state('m')).toEqual(as(['b'], { starred: true }))
  })

  test('what lies somewhere is not deleted, whoever says that it is missing', async () => {
    const { say, commit, lane, state, due } = await placed()
    await say('a', { put: [place(1, 'm')] }, { upserts: [pulledMessage('m')] })
    expect(await commit(lane('b'), { missing: ['m'] })).toMatchObject({ deletions: 0 })
    expect(await state('m')).toEqual(as(['a']))
    expect(await due(NOW + 60_000)).toEqual([])
  })

  test('a state without a place is not stored, but looked for', async () => {
    const { commit, lane, state, due } = await placed()
    expect(await commit(lane('a'), { upserts: [pulledMessage('m')] })).toMatchObject({ upserts: 0 })
    expect(await state('m')).toBeNull()
    expect(await due(NOW + 10_000)).toEqual(['m'])
  })

  test('a listing neither brings back what has vanished since nor takes back newer flags', async () => {
    const { say, commit, listed, state, store, accountId } = await placed()
    const listing = await listed('a')
    await say('a', { put: [place(1, 'm', '\\Seen')], gone: [2] }, { upserts: [pulledMessage('m')] })
    const put = [place(1, 'm'), place(2, 'n'), place(3, 'o')]
    const upserts = ['m', 'n', 'o'].map(id => pulledMessage(id))
    await commit(listing, {
      places: { resource: 'a', epoch: EPOCH, put, gone: [], onlyNew: true },
      upserts,
      heals: false,
    })
    expect(await state('m')).toEqual(as(['a'], { unread: false }))
    expect(await state('n')).toBeNull()
    expect(await state('o')).toEqual(as(['a']))
    expect(await store.countPlaces(accountId, 'a', EPOCH, 100)).toBeNull()
    await commit(listing, { cursor: null, forgetSeen: true })
    expect(await store.countPlaces(accountId, 'a', EPOCH, 100)).toBe(2)
    // Forgotten with the listing's end.
    const again = await listed('a')
    const late = { resource: 'a', epoch: EPOCH, put: [place(2, 'n')], gone: [], onlyNew: true }
    await commit(again, { places: late, upserts: [pulledMessage('n')] })
    expect(await state('n')).toEqual(as(['a']))
  })

  test('an old epoch counts until its places are dropped, and then the new one keeps the rows', async () => {
    const { say, commit, lane, state, due, store, accountId } = await placed()
    await say(
      'a',
      { put: [place(1, 'm'), place(2, 'n')] },
      { upserts: ['m', 'n'].map(id => pulledMessage(id)) },
    )
    await say('a', { epoch: '8', put: [place(1, 'n', '\\Seen')] })
    expect(await state('m')).toEqual(as(['a']))
    expect(await store.placeEpochs(accountId)).toEqual([
      { resource: 'a', epoch: EPOCH },
      { resource: 'a', epoch: '8' },
    ])
    const old = await store.placesIn(accountId, 'a', EPOCH, ALL, 10)
    expect(old.map(({ uid, messageId }) => [uid, messageId])).toEqual([
      [1, 'm'],
      [2, 'n'],
    ])
    await commit(lane('a'), { places: { resource: 'a', epoch: EPOCH, put: [], gone: [1, 2], over: true } })
    expect(await state('n')).toEqual(as(['a'], { unread: false }))
    expect(await due(NOW + 10_000)).toEqual(['m'])
    expect(await store.placeEpochs(accountId)).toEqual([{ resource: 'a', epoch: '8' }])
  })

  test('a message that is not what its places make of it is found, and derived anew', async () => {
    const { say, state, store, accountId, lane, commit } = await placed()
    const upserts = ['m', 'n', 'o'].map(id => pulledMessage(id))
    await say(
      'drafts',
      { put: [place(1, 'm'), place(2, 'n', '\\seen', '\\Flagged')] },
      { upserts: upserts.slice(0, 2) },
    )
    await say('a', { put: [place(1, 'o', '\\Draft'), place(2, 'n')] }, { upserts: upserts.slice(2) })
    const disagreeing = (after = '', limit = 9) => store.disagreeing(accountId, after, limit)
    expect(await disagreeing()).toEqual([])
    // The drafts are another folder now.
    await commit(lane('a'), { labels: [label('a', 'drafts'), label('b'), label('drafts')] })
    expect(await state('m')).toMatchObject({ draft: true })
    expect(await disagreeing()).toEqual(['m'])
    expect(await disagreeing('m')).toEqual([])
    await commit(lane('a'), { again: ['m', 'n', 'nobody'] })
    expect(await disagreeing()).toEqual([])
    expect(await state('m')).toEqual(as(['drafts']))
    expect(await state('n')).toEqual(as(['a', 'drafts'], { unread: false, starred: true, draft: true }))
    expect(await state('o')).toMatchObject({ draft: true })
    await commit(lane('a'), { labels: [label('a'), label('b', 'drafts'), label('drafts')] })
    expect(await disagreeing()).toEqual(['n'])
    expect(await disagreeing('', 0)).toEqual([])
  })

  test('a message that carries what is no label is found, and carries its folders only', async () => {
    const { say, state, store, accountId, userId, lane, commit } = await placed()
    const upserts = ['m', 'n'].map(id => pulledMessage(id))
    await say('a', { put: [place(1, 'm'), place(2, 'n')] }, { upserts })
    await get().mislabel(accountId, 'm')
    expect((await state('m'))?.in).toEqual(['a', undefined])
    expect(await store.disagreeing(accountId, '', 9)).toEqual(['m'])
    expect((await commit(lane('b'), { again: ['m'] })).found).toMatchObject({ extra: 0, differing: 1 })
    expect(await state('m')).toEqual(as(['a']))
    expect(await store.disagreeing(accountId, '', 9)).toEqual([])
    const labels = (await wholeFeed(get(), userId)).changes.filter(each => each.kind === 'label')
    expect(labels.flatMap(each => (each.op === 'upsert' ? [each.row] : []))).toContainEqual(
      expect.objectContaining({ id: rowId(accountId, 'label', 'a'), total: 2, unread: 2 }),
    )
  })

  test('is summed up by folder and epoch, without what is remembered to be gone', async () => {
    const { say, listed, store, accountId } = await placed()
    await say('a', { put: [place(1, 'm', '\\Seen'), place(2, 'n', '\\Flagged'), place(3, 'o')] })
    await say('a', { epoch: '8', put: [place(1, 'm')] })
    await listed('b')
    await say('b', { put: [place(9, 'p', '\\Answered', '\\Seen')], gone: [8] })
    expect(await store.placeSums(accountId)).toEqual([
      { resource: 'a', epoch: EPOCH, places: 3, unseen: 2 },
      { resource: 'a', epoch: '8', places: 1, unseen: 1 },
      { resource: 'b', epoch: EPOCH, places: 1, unseen: 0 },
    ])
  })

  test('another message at the same place takes it from the first', async () => {
    const { say, state, due } = await placed()
    await say('a', { put: [place(1, 'm')] }, { upserts: [pulledMessage('m')] })
    await say('a', { put: [place(1, 'n')] }, { upserts: [pulledMessage('n')] })
    expect(await state('n')).toEqual(as(['a']))
    expect(await due(NOW + 10_000)).toEqual(['m'])
  })

  test('places are read by message, counted below a UID, and read in ranges', async () => {
    const { say, store, accountId } = await placed()
    const { accountId: otherId } = await placed()
    await say('a', { put: [1, 2, 3, 10].map(uid => place(uid, `m${uid}`, '\\Seen', 'Work')) })
    await say('b', { put: [{ ...place(4_294_967_295, 'm1'), modseq: 2n ** 62n }] })
    const found = await store.placesOf(accountId, ['m1', 'm2', 'nobody'])
    expect([...found.keys()].sort()).toEqual(['m1', 'm2'])
    expect(found.get('m1')).toEqual([
      { resource: 'a', epoch: EPOCH, uid: 1, messageId: 'm1', flags: ['\\Seen', 'Work'], modseq: null },
      { resource: 'b', epoch: EPOCH, uid: 4_294_967_295, messageId: 'm1', flags: [], modseq: 2n ** 62n },
    ])
    expect(await store.countPlaces(accountId, 'a', EPOCH, 10)).toBe(3)
    expect(await store.countPlaces(accountId, 'a', '9', 10)).toBe(0)
    const uids = async (first: number, last: number, limit: number) =>
      (await store.placesIn(accountId, 'a', EPOCH, { first, last }, limit)).map(({ uid }) => uid)
    expect(await uids(2, 10, 10)).toEqual([2, 3, 10])
    expect(await uids(1, 9, 2)).toEqual([1, 2])
    expect(await store.placesOf(otherId, ['m1'])).toEqual(new Map())
    await store.deleteAccount(accountId, NOW)
    expect(await store.placeEpochs(accountId)).toEqual([])
    expect(await store.storedCount(accountId, 'places')).toBe(0)
  })
}
