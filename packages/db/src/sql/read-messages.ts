/**
 * What is stored under row ids $2 of user $1, and at which version rows were deleted. Ids of which neither is known are
 * left out. `version` as text: it may pass 2^53.
 *
 * Each id is looked up by itself (LATERAL … LIMIT): before a table has statistics, and a first backfill is over before
 * that, `id = ANY ($2)` walks the user's whole index.
 */
export const readMessages = `
SELECT u.id, m.account_id, m.thread_id, m.provider_id, m.thread_provider_id, m.version::text AS version,
       m.subject, m.from_name, m.from_email, m."to", m.cc, m.bcc, m.reply_to, m.snippet, m.received_at, m.sent_at,
       m.unread, m.starred, m.draft, m.label_ids, m.attachment_count, m.size_bytes, m.message_id_header,
       m.in_reply_to, m.refs, t.version::text AS dead_at, t.there AS dead,
       (SELECT true FROM message_body b WHERE b.user_id = $1 AND b.id = m.id LIMIT 1) AS has_body
  FROM unnest($2::text[]) AS u (id)
  LEFT JOIN LATERAL (SELECT * FROM message WHERE user_id = $1 AND id = u.id LIMIT 1) AS m ON true
  LEFT JOIN LATERAL (
    SELECT true AS there, version FROM tombstone WHERE user_id = $1 AND kind = 'message' AND id = u.id LIMIT 1
  ) AS t ON true
 WHERE m.id IS NOT NULL OR t.there`
