/**
 * Marks resources due now. A mark during a run is kept for one more run; a burst is one mark. A mark does not cut a
 * provider's Retry-After short; a person's one cuts any other backoff. $1 ids, $2 now, $3 trigger. The rows are locked
 * in the order of their ids, as everywhere.
 */
export const mark = `
UPDATE resource r SET
  marks = marks + 1,
  trigger = CASE WHEN dirty_at IS NULL OR (lease_token IS NOT NULL AND marks = claimed_marks) THEN $3 ELSE trigger END,
  next_attempt_at = CASE
    WHEN attempts = 0 OR ($3 = 'person' AND last_error_kind IS DISTINCT FROM 'rate_limited') THEN NULL
    ELSE next_attempt_at END,
  dirty_at = CASE WHEN dirty_at IS NULL OR (lease_token IS NOT NULL AND marks = claimed_marks) THEN $2 ELSE dirty_at END
  FROM (SELECT id FROM resource WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) AS locked
 WHERE r.id = locked.id`
