import { cleanText } from './clean-batch.ts'
import type { Queryable } from './pool.ts'

/** Who did what. `detail` holds no secret and no mail (I12). */
export type AuditEntry = {
  at: number
  userId: string | null
  /** 'user', 'operator', 'system' or the name of what acted. */
  actor: string
  /** 'sign_in', 'account.connected', 'grant.refreshed', 'admin.restart_sync', … */
  action: string
  subject?: string | null
  detail?: Record<string, string | number | boolean | null>
}

/** Appends one entry. Given a transaction, the entry lives or dies with it. */
export async function appendAudit(db: Queryable, entry: AuditEntry): Promise<void> {
  await db.query(
    'INSERT INTO audit_log (at, user_id, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)',
    [
      entry.at,
      entry.userId,
      entry.actor,
      entry.action,
      entry.subject ?? null,
      JSON.stringify(entry.detail ?? {}, (_key, value) =>
        typeof value === 'string' ? cleanText(value) : value,
      ),
    ],
  )
}
