/**
 * Ends a claim that went well: due again only if somebody marked it since the claim, or at $4 if it asked for that.
 * A poll that found something says that a push is missing. $1 resource, $2 token, $3 now, $4 again at or null.
 */
export const releaseDone = `
UPDATE resource SET
  lease_token = NULL, lease_until = NULL, run_id = NULL, attempts = 0, last_error_kind = NULL, last_error_message = NULL,
  last_synced_at = $3::int8,
  missed_push_at = CASE WHEN lane = 'live' AND EXISTS (
      SELECT FROM sync_run s WHERE s.user_id = resource.user_id AND s.id = resource.run_id
         AND s.trigger = 'poll' AND s.upserts + s.deletions > 0
         AND coalesce(last_push_at, 0) < s.started_at) THEN $3::int8 ELSE missed_push_at END,
  next_attempt_at = CASE WHEN marks = claimed_marks THEN $4::int8 ELSE next_attempt_at END,
  trigger = CASE WHEN marks = claimed_marks THEN 'schedule' ELSE trigger END,
  dirty_at = CASE WHEN marks <> claimed_marks THEN dirty_at WHEN $4::int8 IS NOT NULL THEN $3::int8 END
 WHERE id = $1 AND lease_token = $2`
