import type { PushEvent } from '@inlet/sync/push-event'
import { expect, test } from 'vitest'
import { claimWatch, connected, LEASE_MS, NOW, type StoreUnderTest, saveWatch } from './store-fixture.ts'

const DAY_MS = 24 * 60 * 60_000

export function watchesContract(get: () => StoreUnderTest): void {
  const nobody = { provider: 'gmail', pushId: null, mailbox: null, resource: null, problem: null } as const
  const removed: Omit<PushEvent, 'watch'> = { ...nobody, kind: 'removed' }
  const watch = { providerId: 'w1', secret: 's', expiresAt: NOW + 3 * DAY_MS }
  const oneDue = async () => {
    const { store } = get()
    const account = await connected(get())
    const due = async (now: number) => {
      const [found] = (await store.watchesDue(now, DAY_MS, 10_000)).filter(
        each => each.accountId === account.accountId,
      )
      return found
    }
    const found = await due(NOW)
    if (!found) throw new Error('Nothing is due.')
    const claim = async (now = NOW) => await store.claimWatch(found, now, now + LEASE_MS)
    return { ...account, store, due, found, claim, resourceId: found.resourceId }
  }

  test('is claimed by one of two, and by the other when that one’s claim has ended', async () => {
    const { store, due, claim, userId } = await oneDue()
    const claims = await Promise.all([claim(), claim()])
    const [first, ...more] = claims.filter(each => each !== null)
    if (!first) throw new Error('Nobody has it.')
    expect(more).toEqual([])
    expect(await due(NOW + LEASE_MS - 1)).toBeUndefined()
    expect(await claim(NOW + LEASE_MS - 1)).toBeNull()
    const second = await claim(NOW + LEASE_MS)
    if (!second) throw new Error('The claim has not ended.')
    const head = (await get().feed.heads([userId])).get(userId)
    expect(await store.saveWatch(first, { ...watch, providerId: 'late' }, NOW)).toBeNull()
    expect(await store.failWatch(first, 'late', NOW, NOW)).toBeNull()
    expect((await get().feed.heads([userId])).get(userId)).toBe(head)
    expect(await store.saveWatch(second, watch, NOW)).not.toBeNull()
    expect(await store.saveWatch(second, { ...watch, providerId: 'twice' }, NOW)).toBeNull()
    expect(await due(NOW + 3 * DAY_MS)).toMatchObject({ providerId: 'w1' })
  })

  test('that was registered since it was found to be due is not claimed', async () => {
    const { store, claim, found } = await oneDue()
    await saveWatch(store, found.resourceId, watch, NOW)
    expect(await claim()).toBeNull()
    const renewed = { ...watch, secret: null, expiresAt: NOW + 9 * DAY_MS }
    const old = { ...found, providerId: 'w1', expiresAt: watch.expiresAt }
    await saveWatch(store, found.resourceId, renewed, NOW)
    expect(await store.claimWatch(old, NOW, NOW + LEASE_MS)).toBeNull()
  })

  test('that a person or the provider ends meanwhile is nobody’s: the claim ends, and it is due at once', async () => {
    const { store, due, resourceId } = await oneDue()
    const registered = { ...watch, providerId: `w of ${resourceId}` }
    const ends = [
      () => store.removeWatch(resourceId),
      () => {
        const named = { providerId: registered.providerId, secret: 's' }
        return store.recordPush({ ...removed, watch: named }, NOW)
      },
    ]
    for (const end of ends) {
      await saveWatch(store, resourceId, registered, NOW)
      const claim = await claimWatch(store, resourceId, NOW)
      await end()
      const again = await claimWatch(store, resourceId, NOW)
      expect(await store.saveWatch(claim, { ...watch, secret: null }, NOW)).toBeNull()
      expect(await store.failWatch(claim, 'late', NOW + DAY_MS, NOW)).toBeNull()
      expect(await store.failWatch(again, 'refused', NOW, NOW)).not.toBeNull()
      expect(await due(NOW)).toMatchObject({ providerId: null })
    }
  })

  test('of an account that was stopped or removed meanwhile is neither claimed nor saved', async () => {
    const { store, claim, accountId } = await oneDue()
    const before = await claim()
    if (!before) throw new Error('Nobody has it.')
    await store.setEnabled(accountId, false, NOW)
    expect(await store.saveWatch(before, watch, NOW)).toBeNull()
    expect(await claim(NOW + LEASE_MS)).toBeNull()
    await store.setEnabled(accountId, true, NOW)
    expect(await claim(NOW + LEASE_MS)).not.toBeNull()
    await store.deleteAccount(accountId, NOW)
    const after = { ...before, until: NOW + 2 * LEASE_MS }
    expect(await store.saveWatch(after, watch, NOW)).toBeNull()
    expect(await store.failWatch(after, 'late', NOW, NOW)).toBeNull()
    expect(await claim(NOW + 3 * LEASE_MS)).toBeNull()
  })
}
