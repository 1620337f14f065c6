import type { Grant } from '@inlet/sync/store-port'
import type { Pool, Queryable } from './pool.ts'
import { inTransaction, type Tx } from './transaction.ts'
import { type Limit, limiter, serializer } from './turns.ts'
import type { Vault } from './vault.ts'

export type StoredGrant = { grant: Grant; version: number }
type GrantRow = { user_id: string; version: number; key_id: string; ciphertext: Buffer }

/** Waiting for another process's refresh of the same grant gives up after this. */
const LOCK_LIMIT = '30s'
/** The provider's answer is awaited inside the transaction. */
const IDLE_LIMIT = '90s'

export async function readGrant(db: Queryable, vault: Vault, accountId: string): Promise<StoredGrant | null> {
  const row = await read(db, accountId)
  return row && open(vault, accountId, row)
}

async function read(db: Queryable, accountId: string): Promise<GrantRow | null> {
  const { rows } = await db.query<GrantRow>(
    'SELECT user_id, version, key_id, ciphertext FROM account_grant WHERE account_id = $1',
    [accountId],
  )
  return rows[0] ?? null
}

function open(vault: Vault, accountId: string, row: GrantRow): StoredGrant {
  const text = vault.open({ keyId: row.key_id, ciphertext: row.ciphertext }, accountId)
  return { grant: JSON.parse(text) as Grant, version: row.version }
}

/** A person's new grant replaces whatever is stored, and so raises the version over any refresh in flight. */
export async function writeGrant(
  tx: Tx,
  vault: Vault,
  write: { userId: string; accountId: string; grant: Grant; now: number },
): Promise<void> {
  const { keyId, ciphertext } = vault.seal(JSON.stringify(write.grant), write.accountId)
  await tx.query(
    `INSERT INTO account_grant AS g (user_id, account_id, version, key_id, ciphertext, updated_at)
     VALUES ($1, $2, 1, $3, $4, $5)
     ON CONFLICT (account_id) DO UPDATE SET
       version = g.version + 1, key_id = excluded.key_id, ciphertext = excluded.ciphertext, updated_at = excluded.updated_at`,
    [write.userId, write.accountId, keyId, ciphertext, write.now],
  )
}

export type Refresher = (
  accountId: string,
  refresh: (grant: Grant, version: number) => Promise<Grant>,
) => Promise<StoredGrant>

/**
 * Refreshes under one lock per account: in this process by taking turns, between processes by an advisory lock, which
 * unlike the row's lock lets a person's new grant be written meanwhile. The write compares the version: what comes back
 * for an old grant is dropped, and the newer one is answered. Half of the pool at most waits for providers at a time.
 */
export function grantRefresher(pool: Pool, vault: Vault, now: () => number): Refresher {
  const turn = serializer()
  const limit: Limit = limiter(Math.max(1, Math.floor(pool.options.max / 2)))
  return (accountId, refresh) =>
    turn(accountId, () => limit(() => refreshOnce(pool, vault, now, accountId, refresh)))
}

async function refreshOnce(
  pool: Pool,
  vault: Vault,
  now: () => number,
  accountId: string,
  refresh: (grant: Grant, version: number) => Promise<Grant>,
): Promise<StoredGrant> {
  const begin = `BEGIN; SET LOCAL lock_timeout = '${LOCK_LIMIT}'; SET LOCAL idle_in_transaction_session_timeout = '${IDLE_LIMIT}'`
  return await inTransaction(
    pool,
    async tx => {
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('inlet.grant.' || $1, 0))`, [accountId])
      const row = await read(tx, accountId)
      if (!row) throw new Error(`Account ${accountId} holds no grant; it was deleted or never connected.`)
      const before = open(vault, accountId, row)
      const grant = await refresh(before.grant, before.version)
      if (JSON.stringify(grant) === JSON.stringify(before.grant)) return before
      const { keyId, ciphertext } = vault.seal(JSON.stringify(grant), accountId)
      const { rowCount } = await tx.query(
        `UPDATE account_grant SET version = version + 1, key_id = $3, ciphertext = $4, updated_at = $5
          WHERE account_id = $1 AND version = $2`,
        [accountId, before.version, keyId, ciphertext, now()],
      )
      if (rowCount === 1) return { grant, version: before.version + 1 }
      const newer = await read(tx, accountId)
      if (!newer) throw new Error(`Account ${accountId} was deleted while its grant was being refreshed.`)
      return open(vault, accountId, newer)
    },
    { begin },
  )
}

/** Seals every grant that is not under the current key again; answers how many. Run after a key was added as current. */
export async function reencrypt(pool: Pool, vault: Vault, now: number): Promise<number> {
  let total = 0
  for (;;) {
    const sealed = await inTransaction(pool, async tx => {
      const { rows } = await tx.query<GrantRow & { account_id: string }>(
        `SELECT user_id, account_id, version, key_id, ciphertext FROM account_grant
          WHERE key_id <> $1 ORDER BY account_id LIMIT 100 FOR UPDATE`,
        [vault.currentKeyId],
      )
      for (const row of rows) {
        const text = vault.open({ keyId: row.key_id, ciphertext: row.ciphertext }, row.account_id)
        const { keyId, ciphertext } = vault.seal(text, row.account_id)
        // The grant is the same, so its version is: a refresh in flight may still be stored over it.
        await tx.query(
          'UPDATE account_grant SET key_id = $2, ciphertext = $3, updated_at = $4 WHERE account_id = $1',
          [row.account_id, keyId, ciphertext, now],
        )
      }
      return rows.length
    })
    if (sealed === 0) return total
    total += sealed
  }
}
