import { StaleLease } from '@inlet/sync/provider-errors'
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

export function accountsContract(get: () => StoreUnderTest): void {
  const grant = (token: string) => ({ data: { refreshToken: token, expiresAt: 5, scope: null } })

  test('an account is read back with its lanes, and shows in its user’s feed', async () => {
    const { store } = get()
    const { userId, accountId, email } = await connected(get())
    const account = await store.account(accountId)
    expect(account).toMatchObject({
      id: accountId,
      userId,
      email,
      displayName: 'Box',
      enabled: true,
      grantVersion: 1,
    })
    expect(account?.resources.map(resource => resource.lane).toSorted()).toEqual(
      expect.arrayContaining(['items', 'live', 'mutations']),
    )
    expect(await store.accountsOf(userId)).toEqual([account])
    expect(await store.account('nothing')).toBeNull()
    const { changes } = await wholeFeed(get(), userId)
    expect(changes).toMatchObject([{ kind: 'account', row: { id: accountId, email, createdAt: NOW } }])
  })

  test('connecting again replaces the grant and keeps the mail', async () => {
    const { store } = get()
    const { userId, accountId, email, claim } = await connected(get())
    await commitUnder(store, claim, { upserts: [pulledMessage('m1')], cursor: 'c1' })
    await store.finish(claim, { ok: true }, NOW)
    await store.disconnect(accountId, 1, 'revoked', NOW)
    expect((await store.account(accountId))?.status).toMatchObject({
      state: 'disconnected',
      reason: 'reconnect_needed',
      error: 'revoked',
    })
    await store.mark({ accountId, lanes: ['live'] }, 'push', NOW)
    expect(await store.claimDue({ now: NOW, leaseMs: 1, limit: 9, accountId })).toEqual([])
    const again = await store.createAccount(
      {
        userId,
        provider: 'gmail',
        email: email.toUpperCase(),
        displayName: 'New',
        grant: grant('t2'),
        resources: [{ key: 'mailbox', name: 'M', watched: true }],
      },
      NOW + 1,
    )
    expect(again).toMatchObject({ accountId, created: false })
    expect(again.head).toBe((await get().feed.heads([userId])).get(userId))
    expect(await store.account(accountId)).toMatchObject({
      grantVersion: 2,
      displayName: 'New',
      status: { state: 'degraded' },
    })
    expect(await store.storedCount(accountId)).toBe(1)
    expect(await claimLane(store, accountId, 'live', NOW + 1)).toMatchObject({ cursor: 'c1' })
  })

  test('a disconnection for an old grant does not touch the newer one', async () => {
    const { store } = get()
    const { accountId } = await connected(get())
    await store.refreshGrant(accountId, async () => grant('t2'))
    expect((await store.disconnect(accountId, 1, 'old token', NOW)).head).toBeNull()
    expect((await store.account(accountId))?.status.state).not.toBe('disconnected')
  })

  test('a stopped account is not claimed, and starts again with a sync', async () => {
    const { store } = get()
    const { accountId, claim, userId } = await connected(get())
    await store.finish(claim, { ok: true }, NOW)
    await store.setEnabled(accountId, false, NOW)
    expect(await store.account(accountId)).toMatchObject({
      enabled: false,
      status: { state: 'disconnected', reason: 'stopped' },
    })
    await store.mark({ userId, lanes: ['live', 'listing', 'items'] }, 'person', NOW)
    expect(await store.claimDue({ now: NOW + 1, leaseMs: 1, limit: 9, accountId })).toEqual([])
    await store.setEnabled(accountId, true, NOW + 2)
    expect(await claimLane(store, accountId, 'live', NOW + 2)).toBeDefined()
    expect((await store.setEnabled(accountId, true, NOW + 3)).head).toBeNull()
  })

  test('a proof shows on the account', async () => {
    const { store } = get()
    const { accountId, userId } = await connected(get())
    const proof = { stored: 3, provider: 4, checkedAt: NOW, differsSince: NOW }
    expect((await store.saveProof(accountId, proof)).head).not.toBeNull()
    expect((await store.saveProof(accountId, proof)).head).toBeNull()
    const { changes } = await wholeFeed(get(), userId)
    expect(changes).toMatchObject([{ kind: 'account', row: { proof } }])
  })

  test('deleting an account leaves tombstones of all its rows, stops its workers, and spares the others', async () => {
    const { store } = get()
    const { accountId, userId, claim } = await connected(get())
    const other = await connected(get(), { userId, email: 'other-of-same-user@example.com' })
    for (const each of [claim, other.claim])
      await commitUnder(store, each, { labels: [inbox], upserts: [pulledMessage('m1'), pulledMessage('m2')] })
    const deleted = await store.deleteAccount(accountId, NOW)
    expect(deleted).toMatchObject({ userId, deletions: 2 })
    expect(deleted.head).toBe((await get().feed.heads([userId])).get(userId))
    await expect(commitUnder(store, claim, { cursor: 'c' })).rejects.toBeInstanceOf(StaleLease)
    expect(await store.account(accountId)).toBeNull()
    expect(await store.readGrant(accountId)).toBeNull()
    const { changes } = await wholeFeed(get(), userId)
    const kinds = (op: string) =>
      changes
        .filter(change => change.op === op)
        .map(change => change.kind)
        .toSorted()
    expect(kinds('delete')).toEqual(['account', 'label', 'message', 'message', 'thread', 'thread'])
    expect(kinds('upsert')).toEqual(['account', 'label', 'message', 'message', 'thread', 'thread'])
    expect(await store.storedCount(other.accountId)).toBe(2)
    expect(await store.deleteAccount(accountId, NOW)).toMatchObject({ head: null })
  })

  test('of many who refresh a grant at once one does it, and the others find its result', async () => {
    const { store } = get()
    const { accountId } = await connected(get())
    let refreshes = 0
    const refresh = () =>
      store.refreshGrant(accountId, async stored => {
        if (stored.data.refreshToken === 'fresh') return stored
        refreshes += 1
        return grant('fresh')
      })
    const results = await Promise.all(Array.from({ length: 8 }, refresh))
    expect(refreshes).toBe(1)
    expect(new Set(results.map(result => result.version))).toEqual(new Set([2]))
    expect(await store.readGrant(accountId)).toEqual({ grant: grant('fresh'), version: 2 })
  })

  test('a refresh that fails, or comes back after a person has connected anew, changes nothing', async () => {
    const { store } = get()
    const { accountId, userId, email } = await connected(get())
    await expect(
      store.refreshGrant(accountId, async () => Promise.reject(new Error('revoked'))),
    ).rejects.toThrow('revoked')
    expect((await store.readGrant(accountId))?.version).toBe(1)
    const late = await store.refreshGrant(accountId, async () => {
      await store.createAccount(
        { userId, provider: 'gmail', email, displayName: 'B', grant: grant('of the person'), resources: [] },
        NOW,
      )
      return grant('of the old token')
    })
    expect(late).toEqual({ grant: grant('of the person'), version: 2 })
    expect(await store.readGrant(accountId)).toEqual(late)
  })
}
