/** $1 user, $2 row ids. `version` as text: it may pass 2^53. */
export const readMessages = `
SELECT m.id, m.account_id, m.thread_id, m.provider_id, m.thread_provider_id, m.version::text AS version,
       m.subject, m.from_name, m.from_email, m."to", m.cc, m.bcc, m.reply_to, m.snippet, m.received_at, m.sent_at,
       m.unread, m.starred, m.draft, m.label_ids, m.attachment_count, m.size_bytes, m.message_id_header,
       m.in_reply_to, m.refs, b.id IS NOT NULL AS has_body
  FROM message m LEFT JOIN message_body b ON b.user_id = m.user_id AND b.id = m.id
 WHERE m.user_id = $1 AND m.id = ANY($2)`
