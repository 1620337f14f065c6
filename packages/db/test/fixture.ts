import type { StoreUnderTest } from '@inlet/testkit/contract/store-fixture'
import { testDatabase } from '@inlet/testkit/test-database'
import { afterAll, beforeAll } from 'vitest'
import { createFeedReader } from '../src/feed.ts'
import { createPool, type Pool } from '../src/pool.ts'
import { createStore } from '../src/store.ts'
import { createVault } from '../src/vault.ts'

export const testKeys = { old: new Uint8Array(32).fill(1), new: new Uint8Array(32).fill(2) }
export const testVault = createVault({ current: 'new', keys: testKeys })

/** A database of this file, with a store and a feed reader on it. */
export function storeOnPostgres() {
  const database = testDatabase()
  let pool: Pool | null = null
  const thePool = () => {
    if (!pool) throw new Error('The pool is opened in beforeAll.')
    return pool
  }
  beforeAll(() => {
    pool = createPool({ url: database.url, max: 20 })
  })
  afterAll(async () => {
    await pool?.end()
  })
  let made: StoreUnderTest | null = null
  return {
    database,
    pool: thePool,
    get() {
      made ??= {
        store: createStore({
          pool: thePool(),
          vault: testVault,
          onIndexError: error => {
            throw error
          },
        }),
        feed: createFeedReader(thePool()),
        async mislabel(accountId, messageId) {
          await thePool().query(
            `UPDATE message SET label_ids = label_ids || 'no-label'::text WHERE account_id = $1 AND provider_id = $2`,
            [accountId, messageId],
          )
        },
      }
      return made
    },
  }
}
