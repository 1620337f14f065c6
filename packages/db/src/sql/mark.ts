/**
 * How a mark changes resource `r`. A mark during a run is kept for one more run; a burst is one mark. A mark does not cut
 * a provider's Retry-After short; one by a person, or
 * because the provider was just reached, cuts any other backoff. `now` and `trigger` are SQL.
 */
export const setMark = (now: string, trigger: string): string => `
  marks = r.marks + 1,
  trigger = CASE WHEN r.dirty_at IS NULL OR (r.lease_token IS NOT NULL AND r.marks = r.claimed_marks) THEN ${trigger} ELSE r.trigger END,
  next_attempt_at = CASE
    WHEN r.attempts = 0 OR (${trigger} IN ('person', 'connect') AND r.last_error_kind IS DISTINCT FROM 'rate_limited') THEN NULL
    ELSE r.next_attempt_at END,
  dirty_at = CASE WHEN r.dirty_at IS NULL OR (r.lease_token IS NOT NULL AND r.marks = r.claimed_marks) THEN ${now} ELSE r.dirty_at END`

/** Marks resources due now. $1 ids, $2 now, $3 trigger. The rows are locked in the order of their ids, as everywhere. */
export const mark = `
UPDATE resource r SET ${setMark('$2', '$3')}
  FROM (SELECT id FROM resource WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) AS locked
 WHERE r.id = locked.id`
