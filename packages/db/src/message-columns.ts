import type { MessageWrite } from '@inlet/sync/plan'
import type { Batch } from '@inlet/sync/store-port'
import { idArray, json } from './columns.ts'
import type { Column } from './copy-in.ts'

/** What may change in a message's row, and its id. Rows take seqs in the order given. */
export function changingColumns(firstSeq: number): Column<MessageWrite>[] {
  return [
    { name: 'id', type: 'text', of: w => w.row.id },
    { name: 'seq', type: 'int8', of: (_, at) => firstSeq + at },
    { name: 'thread_id', type: 'text', of: w => w.row.threadId },
    { name: 'thread_provider_id', type: 'text', of: w => w.threadProviderId },
    { name: 'version', type: 'int8', of: w => w.version },
    { name: 'subject', type: 'text', of: w => w.row.subject },
    { name: 'from_name', type: 'text', of: w => w.row.from.name },
    { name: 'from_email', type: 'text', of: w => w.row.from.email },
    { name: '"to"', type: 'jsonb', of: w => json(w.row.to) },
    { name: 'cc', type: 'jsonb', of: w => json(w.row.cc) },
    { name: 'bcc', type: 'jsonb', of: w => json(w.bcc) },
    { name: 'reply_to', type: 'jsonb', of: w => json(w.replyTo) },
    { name: 'snippet', type: 'text', of: w => w.row.snippet },
    { name: 'received_at', type: 'int8', of: w => w.row.receivedAt },
    { name: 'sent_at', type: 'int8', of: w => w.sentAt },
    { name: 'unread', type: 'boolean', of: w => w.row.unread },
    { name: 'starred', type: 'boolean', of: w => w.row.starred },
    { name: 'draft', type: 'boolean', of: w => w.row.draft },
    { name: 'label_ids', type: 'text[]', of: w => idArray(w.row.labelIds) },
    { name: 'attachment_count', type: 'int4', of: w => w.row.attachmentCount },
    { name: 'size_bytes', type: 'int8', of: w => w.row.sizeBytes },
    { name: 'message_id_header', type: 'text', of: w => w.row.messageIdHeader },
    { name: 'in_reply_to', type: 'text', of: w => w.inReplyTo },
    { name: 'refs', type: 'jsonb', of: w => json(w.references) },
  ]
}

/** Of a row that is new. */
export function allColumns(
  { userId, accountId, now }: Pick<Batch, 'userId' | 'accountId' | 'now'>,
  firstSeq: number,
): Column<MessageWrite>[] {
  return [
    { name: 'user_id', type: 'text', of: () => userId },
    { name: 'account_id', type: 'text', of: () => accountId },
    { name: 'provider_id', type: 'text', of: w => w.providerId },
    { name: 'stored_at', type: 'int8', of: () => now },
    ...changingColumns(firstSeq),
  ]
}
