import { commitUnder, connected, NOW, saveWatch } from '@inlet/testkit/contract/store-fixture'
import { expect, test } from 'vitest'
import { appendAudit } from '../src/audit.ts'
import { reencrypt } from '../src/grants.ts'
import { createStore } from '../src/store.ts'
import { createVault } from '../src/vault.ts'
import { storeOnPostgres, testKeys, testVault } from './fixture.ts'

/** I12: no plaintext secret in the database. */

const postgres = storeOnPostgres()
const SECRET = 'the-refresh-token-nobody-may-see'

/** Tables in which the text of any row, bytes included, holds the secret. */
async function tablesHolding(secret: string): Promise<string[]> {
  const pool = postgres.pool()
  const { rows } = await pool.query<{ name: string }>(
    `SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  )
  const holding: string[] = []
  const hex = Buffer.from(secret).toString('hex')
  for (const { name } of rows) {
    const found = await pool.query(`SELECT FROM ${name} t WHERE t::text LIKE $1 OR t::text LIKE $2 LIMIT 1`, [
      `%${secret}%`,
      `%${hex}%`,
    ])
    if (found.rowCount) holding.push(name)
  }
  return holding
}

test('tokens and watch secrets are nowhere in the database, and the search for them would find them', async () => {
  const { store } = postgres.get()
  const { accountId, claim } = await connected(postgres.get(), { grant: { data: { refreshToken: SECRET } } })
  await store.refreshGrant(accountId, async () => ({
    data: { refreshToken: SECRET, accessToken: `${SECRET}-2` },
  }))
  await saveWatch(store, claim.lease.resourceId, { providerId: 'w', secret: SECRET, expiresAt: NOW + 1 }, NOW)
  await commitUnder(store, claim, { cursor: 'c' })
  await store.finish(claim, { ok: true }, NOW)
  await appendAudit(postgres.pool(), {
    at: NOW,
    userId: null,
    actor: 'system',
    action: 'grant.refreshed',
    subject: accountId,
    detail: { a: '\0' },
  })
  expect(await tablesHolding(SECRET)).toEqual([])
  expect((await store.readGrant(accountId))?.grant.data.refreshToken).toBe(SECRET)
  // The control: planted as text and as bytes, it is seen.
  await postgres.pool().query(`UPDATE watch SET error = $1, secret_hash = $2`, [SECRET, Buffer.from(SECRET)])
  expect(await tablesHolding(SECRET)).toEqual(['watch'])
})

test('rotation seals every grant with the new key, after which the old one may go', async () => {
  const pool = postgres.pool()
  const before = createStore({ pool, vault: createVault({ current: 'old', keys: testKeys }) })
  const { accountId } = await connected({ ...postgres.get(), store: before })
  const newest = createStore({ pool, vault: createVault({ current: 'new', keys: { new: testKeys.new } }) })
  await expect(newest.readGrant(accountId)).rejects.toThrow('no key "old"')
  expect(await reencrypt(pool, testVault, NOW)).toBe(1)
  expect(await reencrypt(pool, testVault, NOW)).toBe(0)
  expect(await newest.readGrant(accountId)).toMatchObject({ version: 1 })
})
