import { connected } from '@inlet/testkit/contract/store-fixture'
import { expect, test } from 'vitest'
import { createStore } from '../src/store.ts'
import { storeOnPostgres, testVault } from './fixture.ts'

const postgres = storeOnPostgres()

test('of two processes that refresh one grant at once one does it, and the other finds its result', async () => {
  // Stores take turns each by itself; between them only the database can.
  const stores = [1, 2].map(() => createStore({ pool: postgres.pool(), vault: testVault }))
  const { accountId } = await connected(postgres.get(), { grant: { data: { refreshToken: 'old' } } })
  let refreshes = 0
  /** The second waits for the first, or has gone past it. */
  const bothAreThere = async () =>
    refreshes > 1 ||
    (
      await postgres.pool().query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      )
    ).rowCount === 1
  const results = await Promise.all(
    stores.map(store =>
      store.refreshGrant(accountId, async stored => {
        if (stored.data.refreshToken === 'fresh') return stored
        refreshes += 1
        await expect.poll(bothAreThere, { timeout: 20_000 }).toBe(true)
        return { data: { refreshToken: 'fresh' } }
      }),
    ),
  )
  expect(refreshes).toBe(1)
  expect(results.map(({ grant, version }) => [grant.data.refreshToken, version])).toEqual([
    ['fresh', 2],
    ['fresh', 2],
  ])
})
