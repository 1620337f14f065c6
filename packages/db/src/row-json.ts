/** Rows in the shapes of @inlet/protocol/entities, built as JSON by Postgres. Each takes the table's alias. */

export const messageJson = (m: string) => `json_build_object(
  'id', ${m}.id, 'accountId', ${m}.account_id, 'threadId', ${m}.thread_id, 'subject', ${m}.subject,
  'from', json_build_object('name', ${m}.from_name, 'email', ${m}.from_email), 'to', ${m}."to", 'cc', ${m}.cc,
  'snippet', ${m}.snippet, 'receivedAt', ${m}.received_at, 'unread', ${m}.unread, 'starred', ${m}.starred,
  'draft', ${m}.draft, 'labelIds', ${m}.label_ids, 'attachmentCount', ${m}.attachment_count,
  'sizeBytes', ${m}.size_bytes, 'messageIdHeader', ${m}.message_id_header)`

export const threadJson = (t: string) => `json_build_object(
  'id', ${t}.id, 'accountId', ${t}.account_id, 'subject', ${t}.subject, 'snippet', ${t}.snippet,
  'participants', ${t}.participants, 'lastMessageId', ${t}.last_message_id, 'lastMessageAt', ${t}.last_message_at,
  'messageCount', ${t}.message_count, 'unreadCount', ${t}.unread_count, 'starred', ${t}.starred,
  'labelIds', ${t}.label_ids, 'attachmentCount', ${t}.attachment_count)`

export const labelJson = (l: string) => `json_build_object(
  'id', ${l}.id, 'accountId', ${l}.account_id, 'name', ${l}.name, 'role', ${l}.role, 'color', ${l}.color,
  'hidden', ${l}.hidden, 'total', ${l}.total, 'unread', ${l}.unread)`

export const accountJson = (a: string) => `json_build_object(
  'id', ${a}.id, 'provider', ${a}.provider, 'email', ${a}.email, 'displayName', ${a}.display_name,
  'status', ${a}.status, 'lastSyncAt', ${a}.last_sync_at, 'lastPushAt', ${a}.last_push_at,
  'watchExpiresAt', ${a}.watch_expires_at, 'progress', ${a}.progress, 'proof', ${a}.proof,
  'failedItems', ${a}.failed_items, 'createdAt', ${a}.created_at)`

export const upsertJson = (kind: string, alias: string, row: string) =>
  `json_build_object('kind', '${kind}', 'op', 'upsert', 'id', ${alias}.id, 'seq', ${alias}.seq, 'row', ${row})`
