import { type AuditEntry, appendAudit } from '@inlet/db/audit'
import type { Database } from '@inlet/db/client'
import { reencrypt } from '@inlet/db/grants'
import { prune } from '@inlet/db/prune'
import { drainSearchQueue } from '@inlet/db/search-index'
import type { Vault } from '@inlet/db/vault'
import { createSessions } from './sessions.ts'

export type Operations = ReturnType<typeof createOperations>

/** Messages made searchable in one round of the index timer. */
const INDEX_AT_ONCE = 1_000

/** What the server asks of the database outside of syncing and reading mail. */
export function createOperations({
  pool,
  prisma,
  vault,
}: Pick<Database, 'pool' | 'prisma'> & { vault: Vault }) {
  return {
    ...createSessions(pool),
    async userIdByEmail(email: string): Promise<string | null> {
      return (await prisma.user.findUnique({ where: { email }, select: { id: true } }))?.id ?? null
    },
    async accountIds(): Promise<string[]> {
      const accounts = await prisma.mailAccount.findMany({ where: { enabled: true }, select: { id: true } })
      return accounts.map(account => account.id)
    },
    async audit(entry: Pick<AuditEntry, 'userId' | 'action' | 'subject' | 'detail'>): Promise<void> {
      await appendAudit(pool, { at: Date.now(), actor: 'user', ...entry })
    },
    /** Seals every grant that an older key holds with the current one: after that the older key may go. */
    rotateKeys: () => reencrypt(pool, vault, Date.now()),
    prune: (signal?: AbortSignal) => prune(pool, Date.now(), signal),
    /** Makes queued messages searchable: what runs have left because indexing must not hold them up. */
    async indexSearch(): Promise<number> {
      const { rows } = await pool.query<{ user_id: string }>(
        'SELECT DISTINCT user_id FROM search_queue LIMIT 100',
      )
      let done = 0
      for (const { user_id: userId } of rows) done += await drainSearchQueue(pool, userId, INDEX_AT_ONCE)
      return done
    },
    async health(): Promise<{ ok: boolean; database: boolean }> {
      const database = await pool.query('SELECT 1').then(
        () => true,
        () => false,
      )
      return { ok: database, database }
    },
  }
}
