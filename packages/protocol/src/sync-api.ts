import * as z from 'zod'
import { Account, Findings, Millis } from './entities.ts'
import { RowId } from './seq.ts'

/** POST /api/sync: marks the user's accounts (or one) due now, and runs them. */
export const SyncRequest = z.strictObject({ accountId: RowId.optional() })
export const SyncResponse = z.object({
  accounts: z.array(
    z.object({
      accountId: RowId,
      /** Changes stored by this run; null while it is still running (watch the feed). */
      changes: z.number().int().nullable(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
})
export type SyncResponse = z.infer<typeof SyncResponse>

export const FailedItem = z.object({
  id: RowId,
  accountId: RowId,
  providerId: z.string(),
  code: z.string(),
  message: z.string(),
  attempts: z.number().int(),
  nextAttemptAt: Millis.nullable(),
})
export type FailedItem = z.infer<typeof FailedItem>

/** GET /api/sync/status */
export const SyncStatusResponse = z.object({
  accounts: z.array(Account),
  failedItems: z.array(FailedItem),
  /** Accounts whose inbox a worker listens at now over an open connection (IMAP), and since when. */
  attended: z.array(z.object({ accountId: RowId, since: Millis })),
})
export type SyncStatusResponse = z.infer<typeof SyncStatusResponse>

export const SyncRun = z.object({
  id: z.string(),
  accountId: RowId,
  kind: z.enum(['live', 'backfill', 'resync', 'reconcile', 'items']),
  /** What rang: push, poll, person, schedule, retry. */
  trigger: z.string(),
  startedAt: Millis,
  endedAt: Millis.nullable(),
  outcome: z.enum(['running', 'done', 'failed', 'stale']),
  upserts: z.number().int(),
  deletions: z.number().int(),
  error: z.string().nullable(),
})
export type SyncRun = z.infer<typeof SyncRun>

/** GET /api/sync/history */
export const SyncHistoryQuery = z.strictObject({
  accountId: RowId.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const SyncHistoryResponse = z.object({ runs: z.array(SyncRun) })
export type SyncHistoryResponse = z.infer<typeof SyncHistoryResponse>

/** One comparison of an account with its provider. */
export const Reconciliation = Findings.extend({
  id: z.string(),
  accountId: RowId,
  /** `counts`: the provider's count and ours had disagreed. */
  trigger: z.enum(['nightly', 'person', 'counts']),
  startedAt: Millis,
  endedAt: Millis.nullable(),
  /** interrupted: something of the account had to be walked for another reason, and was not compared. */
  outcome: z.enum(['running', 'done', 'interrupted']),
  /** Where something was found. */
  resources: z.array(Findings.extend({ name: z.string() })),
})
export type Reconciliation = z.infer<typeof Reconciliation>

/** GET /api/accounts/ID/reconciliations: the last ones, newest first. */
export const ReconciliationsResponse = z.object({ reconciliations: z.array(Reconciliation) })
export type ReconciliationsResponse = z.infer<typeof ReconciliationsResponse>
