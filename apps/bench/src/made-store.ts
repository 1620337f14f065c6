import { randomBytes } from 'node:crypto'
import { createPool, type Pool } from '@inlet/db/pool'
import { createStore } from '@inlet/db/store'
import { createVault } from '@inlet/db/vault'
import { newId } from '@inlet/sync/row-id'
import type { Batch, Claim, Store } from '@inlet/sync/store-port'
import { madeLabels } from './made-mail.ts'

export type MadeStore = {
  pool: Pool
  store: Store
  userId: string
  accountId: string
  /** Commits under the claim of the account's live lane. */
  commit(part: Partial<Batch>): Promise<{ head: number | null }>
  close(): Promise<void>
}

/** The engine's store over a fresh database, with one account whose live lane is claimed. */
export async function madeStore(url: string): Promise<MadeStore> {
  const pool = createPool({ url })
  const vault = createVault({ current: 'bench', keys: { bench: randomBytes(32) } })
  const store = createStore({ pool, vault })
  const userId = newId()
  await pool.query(`INSERT INTO "user" (id, name, email) VALUES ($1, 'Bench', $2)`, [
    userId,
    `${userId}@example.com`,
  ])
  const now = Date.now()
  const { accountId } = await store.createAccount(
    {
      userId,
      provider: 'gmail',
      email: 'bench@example.com',
      displayName: 'Bench',
      grant: { data: { refreshToken: 'none' } },
      resources: [{ key: 'mailbox', name: 'Mailbox', watched: true }],
    },
    now,
  )
  const [claim] = await store.claimDue({ now, leaseMs: 3_600_000, limit: 1, accountId, lanes: ['live'] })
  if (!claim) throw new Error('The live lane of a new account is not due.')
  const commit = (part: Partial<Batch>) => store.commit(batchOf(claim, part))
  await commit({ labels: madeLabels })
  return {
    pool,
    store,
    userId,
    accountId,
    commit,
    close: () => pool.end(),
  }
}

function batchOf(claim: Claim, part: Partial<Batch>): Batch {
  return {
    lease: claim.lease,
    cursorVersion: claim.cursorVersion,
    userId: claim.userId,
    accountId: claim.accountId,
    now: Date.now(),
    upserts: [],
    patches: [],
    deletions: [],
    missing: [],
    labels: null,
    failures: [],
    ...part,
  }
}
