import { commitUnder, connected, inbox, NOW, pulledMessage } from '@inlet/testkit/contract/store-fixture'
import { expect, test } from 'vitest'
import { storeOnPostgres } from './fixture.ts'

const postgres = storeOnPostgres()

test('a commit that fails after its first rows were written leaves none of them, nor its cursor', async () => {
  const { store, feed } = postgres.get()
  const { claim, userId, accountId } = await connected(postgres.get())
  const before = await feed.follow(userId, 0, 100)
  // Failed items come after messages, threads and labels; this time fits no column.
  const failures = [{ id: 'm2', code: 'c', message: 'm', retryAt: Number.MAX_VALUE }]
  await expect(
    commitUnder(store, claim, {
      labels: [inbox],
      upserts: [pulledMessage('m1')],
      failures,
      cursor: 'c1',
      now: NOW + 1,
    }),
  ).rejects.toThrow(/bigint|int8|out of range/)
  expect(await store.storedCount(accountId)).toBe(0)
  expect(await store.labelIds(accountId)).toEqual(new Set())
  expect(await feed.follow(userId, 0, 100)).toEqual(before)
  const live = (await store.account(accountId))?.resources.find(resource => resource.lane === 'live')
  expect(live?.cursor).toBeNull()
})
