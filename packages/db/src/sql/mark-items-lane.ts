/**
 * Makes the items lane due at $2, unless it is due sooner. $1 account, $3 now.
 * While it is leased this counts as a mark, so that the run that is on leaves one more behind it.
 */
export const markItemsLane = `
UPDATE resource SET
  marks = marks + 1,
  next_attempt_at = CASE
    WHEN dirty_at IS NULL OR (lease_token IS NOT NULL AND marks = claimed_marks) THEN $2::int8
    WHEN attempts > 0 THEN next_attempt_at
    WHEN next_attempt_at IS NULL THEN NULL
    ELSE least(next_attempt_at, $2::int8) END,
  trigger = CASE WHEN dirty_at IS NULL OR (lease_token IS NOT NULL AND marks = claimed_marks) THEN 'retry' ELSE trigger END,
  dirty_at = CASE WHEN dirty_at IS NULL OR (lease_token IS NOT NULL AND marks = claimed_marks) THEN $3 ELSE dirty_at END
 WHERE account_id = $1 AND lane = 'items'`
