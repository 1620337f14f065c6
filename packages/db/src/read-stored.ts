import type { Label, Message } from '@inlet/protocol/entities'
import type { Stored, StoredMessage } from '@inlet/sync/plan'
import { rowId } from '@inlet/sync/row-id'
import type { Batch } from '@inlet/sync/store-port'
import type { Tx } from './pool.ts'
import { readMessages } from './sql/read-messages.ts'

export type Labels = Map<string, { total: number; unread: number }>
/** What the planner looks at, and the labels' counts beside it. */
export type StoredState = Stored & { counts: Labels }

type MessageRow = {
  id: string
  account_id: string
  thread_id: string
  provider_id: string
  thread_provider_id: string
  version: string
  subject: string
  from_name: string
  from_email: string
  to: Message['to']
  cc: Message['cc']
  bcc: Message['to']
  reply_to: Message['to']
  snippet: string
  received_at: number
  sent_at: number | null
  unread: boolean
  starred: boolean
  draft: boolean
  label_ids: string[]
  attachment_count: number
  size_bytes: number
  message_id_header: string | null
  in_reply_to: string | null
  refs: string[]
  has_body: boolean
}

/** Reads under the feed lock: what it answers stays true until the transaction ends. */
export async function readStored(tx: Tx, batch: Batch): Promise<StoredState> {
  const named = [...batch.upserts, ...batch.patches, ...batch.deletions]
    .map(item => item.id)
    .concat(batch.missing)
  const ids = [...new Set(named)].map(id => rowId(batch.accountId, 'message', id))
  const stored: StoredState = {
    messages: new Map(),
    tombstones: new Map(),
    labels: new Map(),
    counts: new Map(),
  }
  if (ids.length > 0) {
    const messages = await tx.query<MessageRow>(readMessages, [batch.userId, ids])
    for (const row of messages.rows) stored.messages.set(row.id, fromRow(row))
    const tombstones = await tx.query<{ id: string; version: string | null }>(
      `SELECT id, version::text AS version FROM tombstone WHERE user_id = $1 AND kind = 'message' AND id = ANY($2)`,
      [batch.userId, ids],
    )
    for (const row of tombstones.rows) stored.tombstones.set(row.id, BigInt(row.version ?? 0))
  }
  if (ids.length > 0 || batch.labels) await readLabels(tx, batch, stored)
  return stored
}

async function readLabels(tx: Tx, batch: Batch, stored: StoredState): Promise<void> {
  const { rows } = await tx.query<Omit<Label, 'accountId'> & { provider_id: string }>(
    `SELECT id, provider_id, name, role, color, hidden, total, unread FROM label WHERE user_id = $1 AND account_id = $2`,
    [batch.userId, batch.accountId],
  )
  for (const { provider_id: providerId, total, unread, ...row } of rows) {
    stored.labels.set(row.id, { ...row, accountId: batch.accountId, providerId, total })
    stored.counts.set(row.id, { total, unread })
  }
}

function fromRow(row: MessageRow): StoredMessage {
  return {
    row: {
      id: row.id,
      accountId: row.account_id,
      threadId: row.thread_id,
      subject: row.subject,
      from: { name: row.from_name, email: row.from_email },
      to: row.to,
      cc: row.cc,
      snippet: row.snippet,
      receivedAt: row.received_at,
      unread: row.unread,
      starred: row.starred,
      draft: row.draft,
      labelIds: row.label_ids,
      attachmentCount: row.attachment_count,
      sizeBytes: row.size_bytes,
      messageIdHeader: row.message_id_header,
    },
    providerId: row.provider_id,
    threadProviderId: row.thread_provider_id,
    version: BigInt(row.version),
    sentAt: row.sent_at,
    inReplyTo: row.in_reply_to,
    references: row.refs,
    bcc: row.bcc,
    replyTo: row.reply_to,
    hasBody: row.has_body,
  }
}
