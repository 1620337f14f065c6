/** Ends a claim that failed: it stays due, at $4 at the earliest. $1 resource, $2 token, $3 now, $5 kind, $6 message. */
export const releaseFailed = `
UPDATE resource SET
  lease_token = NULL, lease_until = NULL, run_id = NULL, attempts = attempts + 1, next_attempt_at = $4::int8,
  last_error_kind = $5, last_error_message = $6,
  trigger = CASE WHEN marks = claimed_marks THEN 'retry' ELSE trigger END,
  dirty_at = coalesce(dirty_at, $3::int8)
 WHERE id = $1 AND lease_token = $2`
