/** Threads without messages. $1 user, $2 ids, $3 first seq, $4 now. */
export const buryThreads = `
WITH gone AS (
  DELETE FROM thread WHERE user_id = $1 AND id = ANY($2)
)
INSERT INTO tombstone (user_id, kind, id, seq, at)
SELECT $1, 'thread', u.id, $3::int8 + u.n - 1, $4::int8 FROM unnest($2::text[]) WITH ORDINALITY AS u (id, n)
ON CONFLICT (user_id, kind, id) DO UPDATE SET seq = excluded.seq, at = excluded.at`
