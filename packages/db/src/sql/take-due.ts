/**
 * Locks what is due, stepping over what somebody else is taking at this moment. $1 now, $2 limit, $3 account or null,
 * $4 lanes or null. Longest due first: the oldest mark, or the end of its backoff or lease if that came later.
 */
export const takeDue = `
SELECT id FROM resource
 WHERE due_at <= $1 AND ($3::text IS NULL OR account_id = $3) AND ($4::text[] IS NULL OR lane = ANY($4))
 ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`
