/** $1 user, then columns: $2 row id, $3 how often it must have failed; null: however often. */
export const healItems = `
DELETE FROM failed_item f USING unnest($2::text[], $3::int4[]) AS u (id, attempts)
 WHERE f.user_id = $1 AND f.id = u.id AND (u.attempts IS NULL OR f.attempts = u.attempts)`
