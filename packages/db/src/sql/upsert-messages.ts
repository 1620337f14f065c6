import type { MessageWrite } from '@inlet/sync/plan'
import { columns } from '../columns.ts'

/**
 * $1 user, $2 account, $3 now, $4 first seq, then one array per column. Rows take seqs in the order given.
 * One statement for the batch: 57,000–64,000 rows/s with 4 indexes on 2 cores, where row by row reached 1,045.
 */
export const upsertMessages = `
INSERT INTO message AS m (
  user_id, account_id, stored_at, seq,
  id, thread_id, provider_id, thread_provider_id, version, subject, from_name, from_email, "to", cc, bcc, reply_to,
  snippet, received_at, sent_at, unread, starred, draft, label_ids, attachment_count, size_bytes,
  message_id_header, in_reply_to, refs)
SELECT $1, $2, $3, $4::int8 + u.n - 1,
  u.id, u.thread_id, u.provider_id, u.thread_provider_id, u.version, u.subject, u.from_name, u.from_email,
  u."to"::jsonb, u.cc::jsonb, u.bcc::jsonb, u.reply_to::jsonb,
  u.snippet, u.received_at, u.sent_at, u.unread, u.starred, u.draft, string_to_array(u.label_ids, ','),
  u.attachment_count, u.size_bytes, u.message_id_header, u.in_reply_to, u.refs::jsonb
FROM unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::int8[], $10::text[], $11::text[], $12::text[],
            $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::int8[], $19::int8[], $20::boolean[],
            $21::boolean[], $22::boolean[], $23::text[], $24::int4[], $25::int8[], $26::text[], $27::text[], $28::text[])
  WITH ORDINALITY AS u (
    id, thread_id, provider_id, thread_provider_id, version, subject, from_name, from_email,
    "to", cc, bcc, reply_to, snippet, received_at, sent_at, unread,
    starred, draft, label_ids, attachment_count, size_bytes, message_id_header, in_reply_to, refs, n)
ON CONFLICT (user_id, id) DO UPDATE SET
  seq = excluded.seq, thread_id = excluded.thread_id, thread_provider_id = excluded.thread_provider_id,
  version = excluded.version, subject = excluded.subject, from_name = excluded.from_name,
  from_email = excluded.from_email, "to" = excluded."to", cc = excluded.cc, bcc = excluded.bcc,
  reply_to = excluded.reply_to, snippet = excluded.snippet, received_at = excluded.received_at,
  sent_at = excluded.sent_at, unread = excluded.unread, starred = excluded.starred, draft = excluded.draft,
  label_ids = excluded.label_ids, attachment_count = excluded.attachment_count, size_bytes = excluded.size_bytes,
  message_id_header = excluded.message_id_header, in_reply_to = excluded.in_reply_to, refs = excluded.refs`

export function messageColumns(writes: MessageWrite[]): unknown[][] {
  return columns(writes, [
    w => w.row.id,
    w => w.row.threadId,
    w => w.providerId,
    w => w.threadProviderId,
    w => w.version.toString(),
    w => w.row.subject,
    w => w.row.from.name,
    w => w.row.from.email,
    w => JSON.stringify(w.row.to),
    w => JSON.stringify(w.row.cc),
    w => JSON.stringify(w.bcc),
    w => JSON.stringify(w.replyTo),
    w => w.row.snippet,
    w => w.row.receivedAt,
    w => w.sentAt,
    w => w.row.unread,
    w => w.row.starred,
    w => w.row.draft,
    w => w.row.labelIds.join(','),
    w => w.row.attachmentCount,
    w => w.row.sizeBytes,
    w => w.row.messageIdHeader,
    w => w.inReplyTo,
    w => JSON.stringify(w.references),
  ])
}
