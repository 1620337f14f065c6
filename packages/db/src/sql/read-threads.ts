import { threadJson } from '../row-json.ts'

/**
 * Threads $2 of user $1, and those of messages $3, each with what its messages add to it; and of those that are gone, that
 * a tombstone remains. Looked up one by one, see read-messages.ts.
 */
export const readThreads = `
WITH touched AS (
  SELECT unnest($2::text[]) AS id
   UNION
  SELECT m.thread_id FROM unnest($3::text[]) AS u (id)
   CROSS JOIN LATERAL (SELECT thread_id FROM message WHERE user_id = $1 AND id = u.id LIMIT 1) AS m
)
SELECT touched.id, t.row, CASE WHEN t.row IS NOT NULL THEN (
         SELECT json_agg(json_build_object(
                  'id', m.id, 'accountId', m.account_id, 'subject', m.subject, 'snippet', m.snippet,
                  'from', json_build_object('name', m.from_name, 'email', m.from_email), 'receivedAt', m.received_at,
                  'unread', m.unread, 'starred', m.starred, 'labelIds', m.label_ids,
                  'attachmentCount', m.attachment_count))
           FROM message m WHERE m.user_id = $1 AND m.thread_id = touched.id) END AS messages
  FROM touched
  LEFT JOIN LATERAL (
    SELECT ${threadJson('thread')} AS row FROM thread WHERE user_id = $1 AND id = touched.id LIMIT 1
  ) AS t ON true
  LEFT JOIN LATERAL (
    SELECT true AS there FROM tombstone WHERE user_id = $1 AND kind = 'thread' AND id = touched.id LIMIT 1
  ) AS dead ON true
 WHERE t.row IS NOT NULL OR dead.there`
