/**
 * Deletes messages with all that hangs on them; each leaves a tombstone with a seq.
 * $1 user, $2 ids, $3 versions, $4 first seq, $5 now.
 */
export const deleteMessages = `
WITH gone AS (
  SELECT * FROM unnest($2::text[], $3::int8[]) WITH ORDINALITY AS u (id, version, n)
), m AS (
  DELETE FROM message WHERE user_id = $1 AND id IN (SELECT id FROM gone)
), b AS (
  DELETE FROM message_body WHERE user_id = $1 AND id IN (SELECT id FROM gone)
), s AS (
  DELETE FROM message_search WHERE user_id = $1 AND id IN (SELECT id FROM gone)
), a AS (
  DELETE FROM attachment WHERE user_id = $1 AND message_id = ANY($2)
)
INSERT INTO tombstone (user_id, kind, id, seq, version, at)
SELECT $1, 'message', gone.id, $4::int8 + gone.n - 1, gone.version, $5::int8 FROM gone
ON CONFLICT (user_id, kind, id) DO UPDATE SET seq = excluded.seq, version = excluded.version, at = excluded.at`
