import type { AccountStatus, Proof } from '@inlet/protocol/entities'
import { newId } from '@inlet/sync/row-id'
import type { AccountRecord, Committed, NewAccount } from '@inlet/sync/store-port'
import { changeAccount } from './account-change.ts'
import { cleanText } from './clean-batch.ts'
import { openFeed } from './feed-row.ts'
import { writeGrant } from './grants.ts'
import type { Pool, Queryable } from './pool.ts'
import { refreshAccount } from './refresh-account.ts'
import { addResources } from './resources.ts'
import { readAccounts } from './sql/read-accounts.ts'
import { wakeAccount } from './sql/wake-account.ts'
import { inTransaction, type Tx } from './transaction.ts'
import type { Vault } from './vault.ts'

/** Connects a mailbox, or connects it again: then the grant is new and everything else stays. */
export async function createAccount(
  pool: Pool,
  vault: Vault,
  account: NewAccount,
  now: number,
): Promise<{ accountId: string; created: boolean; head: number }> {
  const { userId, provider, grant } = account
  const email = cleanText(account.email).toLowerCase()
  const displayName = cleanText(account.displayName)
  const find = (db: Queryable) =>
    db.query<{ id: string }>('SELECT id FROM account WHERE user_id = $1 AND provider = $2 AND email = $3', [
      userId,
      provider,
      email,
    ])

  return await inTransaction(pool, async tx => {
    // Resources come before the feed in the order of locks; a new account has none yet.
    const known = (await find(tx)).rows[0]?.id
    if (known)
      await tx.query('SELECT FROM resource WHERE account_id = $1 ORDER BY id FOR NO KEY UPDATE', [known])
    const feed = await openFeed(tx, userId)
    const id = (await find(tx)).rows[0]?.id
    const accountId = id ?? newId()
    if (id === undefined)
      await tx.query(
        `INSERT INTO account (user_id, id, provider, email, display_name, created_at, status, seq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
        [userId, accountId, provider, email, displayName, now, JSON.stringify(newborn(now))],
      )
    else
      await tx.query(
        'UPDATE account SET display_name = $3, enabled = true, reconnect = NULL WHERE user_id = $1 AND id = $2',
        [userId, accountId, displayName],
      )
    await writeGrant(tx, vault, { userId, accountId, grant, now })
    await addResources(tx, { userId, accountId, now }, account.resources)
    await wake(tx, accountId, 'connect', now)
    await refreshAccount(tx, feed, accountId, now, { force: true })
    const head = feed.close()
    return { accountId, created: id === undefined, head: head ?? 0 }
  })
}

const newborn = (now: number): AccountStatus => ({
  state: 'degraded',
  reason: 'never_synced',
  since: now,
  retryAt: null,
  error: null,
})

/** Lets the account's lanes be claimed again, without old backoffs; its live lanes at once. */
async function wake(tx: Tx, accountId: string, trigger: 'connect' | 'person', now: number): Promise<void> {
  await tx.query(wakeAccount, [accountId, now, trigger])
}

export async function setEnabled(
  pool: Pool,
  accountId: string,
  enabled: boolean,
  now: number,
): Promise<Committed> {
  return await changeAccount(pool, accountId, now, async (tx, userId) => {
    const { rows } = await tx.query<{ reconnect: unknown }>(
      'UPDATE account SET enabled = $3 WHERE user_id = $1 AND id = $2 AND enabled <> $3 RETURNING reconnect',
      [userId, accountId, enabled],
    )
    if (!rows[0]) return false
    if (enabled && rows[0].reconnect === null) await wake(tx, accountId, 'person', now)
    // What a person does to a stopped account's mail still reaches the provider.
    if (!enabled)
      await tx.query(`UPDATE resource SET paused = true WHERE account_id = $1 AND lane <> 'mutations'`, [
        accountId,
      ])
    return {}
  })
}

export async function disconnect(
  pool: Pool,
  accountId: string,
  grantVersion: number,
  reason: string,
  now: number,
): Promise<Committed> {
  return await changeAccount(pool, accountId, now, async (tx, userId) => {
    const { rowCount } = await tx.query(
      `UPDATE account SET reconnect = $4
        WHERE user_id = $1 AND id = $2 AND reconnect IS NULL
          AND EXISTS (SELECT FROM account_grant g WHERE g.account_id = account.id AND g.version = $3)`,
      [
        userId,
        accountId,
        grantVersion,
        JSON.stringify({ at: now, error: cleanText(reason.slice(0, 1_000)) }),
      ],
    )
    if (rowCount === 0) return false
    await tx.query('UPDATE resource SET paused = true WHERE account_id = $1', [accountId])
    return {}
  })
}

export async function saveProof(
  pool: Pool,
  accountId: string,
  proof: Omit<Proof, 'compared'>,
): Promise<Committed> {
  return await changeAccount(pool, accountId, proof.checkedAt, async () => ({ proof }))
}

export async function readAccount(db: Queryable, accountId: string): Promise<AccountRecord | null> {
  const { rows } = await db.query<AccountRecord>(readAccounts('a.id = $1'), [accountId])
  return rows[0] ?? null
}

export async function accountsOf(db: Queryable, userId: string): Promise<AccountRecord[]> {
  const { rows } = await db.query<AccountRecord>(readAccounts('a.user_id = $1'), [userId])
  return rows
}
