import * as z from 'zod'
import { RowId } from './seq.ts'

/** Milliseconds since the Unix epoch. */
export const Millis = z.number().int()

export const Address = z.object({ name: z.string(), email: z.string() })
export type Address = z.infer<typeof Address>

export const Provider = z.enum(['gmail', 'graph', 'imap', 'google-calendar'])
export type Provider = z.infer<typeof Provider>

/** What a label is for, whatever the provider calls it. `null` is a person's own label. */
export const LabelRole = z.enum([
  'inbox',
  'sent',
  'drafts',
  'trash',
  'spam',
  'archive',
  'starred',
  'important',
  'unread',
  'category',
])
export type LabelRole = z.infer<typeof LabelRole>

export const Label = z.object({
  id: RowId,
  accountId: RowId,
  name: z.string(),
  role: LabelRole.nullable(),
  /** CSS colour given by the provider, or null. */
  color: z.string().nullable(),
  /** Not offered in the rail (system bookkeeping labels). */
  hidden: z.boolean(),
  /** Messages of ours that carry the label. */
  total: z.number().int(),
  unread: z.number().int(),
})
export type Label = z.infer<typeof Label>

/** The list columns of a message. Its body and attachments are fetched when it is opened. */
export const Message = z.object({
  id: RowId,
  accountId: RowId,
  threadId: RowId,
  subject: z.string(),
  from: Address,
  to: z.array(Address),
  cc: z.array(Address),
  snippet: z.string(),
  /** When the provider received it; sorts the list (a Date header may lie). */
  receivedAt: Millis,
  unread: z.boolean(),
  starred: z.boolean(),
  draft: z.boolean(),
  labelIds: z.array(RowId),
  attachmentCount: z.number().int(),
  sizeBytes: z.number().int(),
  /** The Message-ID header with its angle brackets; may be missing, reused or forged. */
  messageIdHeader: z.string().nullable(),
})
export type Message = z.infer<typeof Message>

/** Derived from the thread's messages in the transaction that changes them. */
export const Thread = z.object({
  id: RowId,
  accountId: RowId,
  subject: z.string(),
  snippet: z.string(),
  /** Distinct senders, oldest first, at most 8. */
  participants: z.array(Address),
  lastMessageId: RowId,
  lastMessageAt: Millis,
  messageCount: z.number().int(),
  unreadCount: z.number().int(),
  starred: z.boolean(),
  /** Union over its messages. */
  labelIds: z.array(RowId),
  attachmentCount: z.number().int(),
})
export type Thread = z.infer<typeof Thread>

export const AccountState = z.enum(['active', 'degraded', 'disconnected'])

/** Why an account is not Active. The interface has a sentence for each. */
export const StatusReason = z.enum([
  'backfilling',
  'resyncing',
  'watch_missing',
  'watch_expired',
  'push_silent',
  'throttled',
  'failing',
  'cooling_down',
  'failed_items',
  'never_synced',
  'reconnect_needed',
  'stopped',
])
export type StatusReason = z.infer<typeof StatusReason>

export const AccountStatus = z.object({
  state: AccountState,
  reason: StatusReason.nullable(),
  since: Millis,
  /** When work is tried again, if it waits for a moment. */
  retryAt: Millis.nullable(),
  /** The last error in words, if there is one. */
  error: z.string().nullable(),
})
export type AccountStatus = z.infer<typeof AccountStatus>

/** What a comparison with the provider found, in messages. All of it has been mended, but for what failed. */
const found = {
  /** At the provider and not here: stored now. */
  missing: z.number().int(),
  /** Here and not at the provider, which has confirmed it: removed. */
  extra: z.number().int(),
  /** In other folders or with other marks here than there: mended. */
  differing: z.number().int(),
  /** Could not be had: a failed item now. */
  failed: z.number().int(),
}
export const Compared = z.object({ at: Millis, ...found })
export type Compared = z.infer<typeof Compared>

/** What was set side by side, as the walk met it, and what it found. */
export const Findings = z.object({ provider: z.number().int(), stored: z.number().int(), ...found })
export type Findings = z.infer<typeof Findings>

export const Proof = z.object({
  /** Messages stored here, and the provider's own total. */
  stored: z.number().int(),
  provider: z.number().int(),
  checkedAt: Millis,
  /** Since when the two differ by as much as now, seen while nothing was due. */
  differsSince: Millis.nullable(),
  /** When every id was last compared, and what that found. */
  compared: Compared.nullable(),
})
export type Proof = z.infer<typeof Proof>

/** Progress of a listing (backfill, resync or reconcile). `total` is the provider's estimate, null while unknown. */
export const Progress = z.object({
  kind: z.enum(['backfill', 'resync', 'reconcile']),
  done: z.number().int(),
  total: z.number().int().nullable(),
  startedAt: Millis,
})
export type Progress = z.infer<typeof Progress>

/** A connected mailbox or calendar, as the browser sees it. */
export const Account = z.object({
  id: RowId,
  provider: Provider,
  email: z.string(),
  displayName: z.string(),
  status: AccountStatus,
  lastSyncAt: Millis.nullable(),
  lastPushAt: Millis.nullable(),
  watchExpiresAt: Millis.nullable(),
  progress: Progress.nullable(),
  proof: Proof.nullable(),
  failedItems: z.number().int(),
  createdAt: Millis,
})
export type Account = z.infer<typeof Account>
