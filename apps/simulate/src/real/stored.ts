import type { Database } from './database.ts'

export type Stored = { seq: number; row: Record<string, unknown> & { id: string } }
/** What Postgres holds of one user that a browser mirrors, by kind and id. */
export type StoredRows = { head: number; rows: Map<string, Stored> }

const KINDS = {
  message: `json_build_object('id', id, 'accountId', account_id, 'threadId', thread_id, 'subject', subject,
    'from', json_build_object('name', from_name, 'email', from_email), 'to', "to", 'cc', cc, 'snippet', snippet,
    'receivedAt', received_at, 'unread', unread, 'starred', starred, 'draft', draft, 'labelIds', label_ids,
    'attachmentCount', attachment_count, 'sizeBytes', size_bytes, 'messageIdHeader', message_id_header)`,
  thread: `json_build_object('id', id, 'accountId', account_id, 'subject', subject, 'snippet', snippet,
    'participants', participants, 'lastMessageId', last_message_id, 'lastMessageAt', last_message_at,
    'messageCount', message_count, 'unreadCount', unread_count, 'starred', starred, 'labelIds', label_ids,
    'attachmentCount', attachment_count)`,
  label: `json_build_object('id', id, 'accountId', account_id, 'name', name, 'role', role, 'color', color,
    'hidden', hidden, 'total', total, 'unread', unread)`,
  account: `json_build_object('id', id, 'provider', provider, 'email', email, 'displayName', display_name,
    'status', status, 'lastSyncAt', last_sync_at, 'lastPushAt', last_push_at, 'watchExpiresAt', watch_expires_at,
    'progress', progress, 'proof', proof, 'failedItems', failed_items, 'createdAt', created_at)`,
} as const

/** Written apart from the product's own reader, to judge it. */
const READ = Object.entries(KINDS)
  .map(([kind, json]) => `SELECT '${kind}' AS kind, seq, ${json} AS row FROM ${kind} WHERE user_id = $1`)
  .join(' UNION ALL ')

export function readStored(database: Database, userId: string): Promise<StoredRows> {
  return database.snapshot(async query => {
    const [feed] = await query<{ head: number }>('SELECT head FROM feed WHERE user_id = $1', [userId])
    const found = await query<{ kind: string; seq: number; row: Stored['row'] }>(READ, [userId])
    const rows = new Map(found.map(({ kind, seq, row }) => [`${kind} ${row.id}`, { seq, row }]))
    return { head: feed?.head ?? 0, rows }
  })
}
