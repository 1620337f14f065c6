/**
 * Derives threads again from their messages, and writes those that changed; a thread without messages leaves a
 * tombstone. Answers `taken`: how many seqs were used, counted from $3. $1 user, $2 thread ids, $3 first seq, $4 now.
 *
 * Senders are told apart by address without regard to case, and named as in their oldest message.
 */
export const deriveThreads = `
WITH mail AS (
  SELECT * FROM message WHERE user_id = $1 AND thread_id = ANY($2)
), totals AS (
  SELECT thread_id AS id, min(account_id) AS account_id,
         (array_agg(subject ORDER BY received_at, id))[1] AS subject,
         (array_agg(snippet ORDER BY received_at DESC, id DESC))[1] AS snippet,
         (array_agg(id ORDER BY received_at DESC, id DESC))[1] AS last_message_id,
         max(received_at) AS last_message_at,
         count(*)::int4 AS message_count,
         (count(*) FILTER (WHERE unread))::int4 AS unread_count,
         bool_or(starred) AS starred,
         sum(attachment_count)::int4 AS attachment_count
    FROM mail GROUP BY thread_id
), carried AS (
  SELECT thread_id AS id, array_agg(DISTINCT label ORDER BY label) AS label_ids
    FROM mail CROSS JOIN unnest(label_ids) AS label GROUP BY thread_id
), senders AS (
  SELECT DISTINCT ON (thread_id, lower(from_email)) thread_id, from_name, from_email, received_at, id
    FROM mail ORDER BY thread_id, lower(from_email), received_at, id
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY thread_id ORDER BY received_at, id) AS place FROM senders
), people AS (
  SELECT thread_id AS id,
         jsonb_agg(jsonb_build_object('name', from_name, 'email', from_email) ORDER BY place) AS participants
    FROM placed WHERE place <= 8 GROUP BY thread_id
), changed AS (
  SELECT n.*, coalesce(c.label_ids, '{}') AS label_ids, p.participants, t.id IS NULL AS fresh,
         row_number() OVER (ORDER BY n.last_message_at, n.id) - 1 AS place
    FROM totals n
    JOIN people p USING (id)
    LEFT JOIN carried c USING (id)
    LEFT JOIN thread t ON t.user_id = $1 AND t.id = n.id
   WHERE t.id IS NULL
      OR (t.subject, t.snippet, t.participants, t.last_message_id, t.last_message_at, t.message_count,
          t.unread_count, t.starred, t.label_ids, t.attachment_count)
         IS DISTINCT FROM
         (n.subject, n.snippet, p.participants, n.last_message_id, n.last_message_at, n.message_count,
          n.unread_count, n.starred, coalesce(c.label_ids, '{}'), n.attachment_count)
), written AS (
  INSERT INTO thread (user_id, id, account_id, subject, snippet, participants, last_message_id, last_message_at,
                      message_count, unread_count, starred, label_ids, attachment_count, seq)
  SELECT $1, id, account_id, subject, snippet, participants, last_message_id, last_message_at,
         message_count, unread_count, starred, label_ids, attachment_count, $3::int8 + place
    FROM changed
  ON CONFLICT (user_id, id) DO UPDATE SET
    subject = excluded.subject, snippet = excluded.snippet, participants = excluded.participants,
    last_message_id = excluded.last_message_id, last_message_at = excluded.last_message_at,
    message_count = excluded.message_count, unread_count = excluded.unread_count, starred = excluded.starred,
    label_ids = excluded.label_ids, attachment_count = excluded.attachment_count, seq = excluded.seq
), revived AS (
  DELETE FROM tombstone
   WHERE user_id = $1 AND kind = 'thread' AND id IN (SELECT id FROM changed WHERE fresh)
), gone AS (
  DELETE FROM thread t
   WHERE t.user_id = $1 AND t.id = ANY($2) AND NOT EXISTS (SELECT FROM totals WHERE totals.id = t.id)
  RETURNING t.id
), buried AS (
  INSERT INTO tombstone (user_id, kind, id, seq, at)
  SELECT $1, 'thread', id, $3::int8 + (SELECT count(*) FROM changed) + row_number() OVER () - 1, $4::int8 FROM gone
  ON CONFLICT (user_id, kind, id) DO UPDATE SET seq = excluded.seq, at = excluded.at
)
SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM gone) AS taken`
