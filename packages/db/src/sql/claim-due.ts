/**
 * Leases what is due, stepping over what somebody else is taking at this moment, and opens a run for each; a run that a
 * dead worker left open is closed. $1 now, $2 limit, $3 account or null, $4 lanes or null, $5 until, and so many new ids
 * for tokens ($6) and runs ($7); $8 accounts that are passed over. Longest due first: the oldest mark, or the end of its backoff or lease if that came later.
 */
export const claimDue = `
WITH locked AS (
  SELECT id, run_id, due_at FROM resource
   WHERE due_at <= $1 AND ($3::text IS NULL OR account_id = $3) AND ($4::text[] IS NULL OR lane = ANY($4))
     AND account_id <> ALL($8)
   ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
), due AS (
  SELECT id, run_id AS left_open, row_number() OVER (ORDER BY due_at, id) AS n FROM locked
), leased AS (
  UPDATE resource r SET
    lease_token = ($6::text[])[due.n], run_id = ($7::text[])[due.n], lease_until = $5::int8, claimed_marks = r.marks,
    next_attempt_at = NULL
    FROM due, account a
   WHERE r.id = due.id AND a.user_id = r.user_id AND a.id = r.account_id
  RETURNING r.*, due.n, due.left_open, a.email, a.provider
), closed AS (
  UPDATE sync_run s SET outcome = 'stale', ended_at = $1 FROM leased
   WHERE s.user_id = leased.user_id AND s.id = leased.left_open AND s.outcome = 'running'
), opened AS (
  INSERT INTO sync_run (user_id, id, account_id, resource_id, kind, trigger, started_at, outcome)
  SELECT user_id, run_id, account_id, id,
         CASE WHEN lane <> 'listing' THEN lane ELSE coalesce(cursor::json->>'kind', 'backfill') END,
         trigger, $1, 'running'
    FROM leased
)
SELECT id, user_id, account_id, key, lane, cursor, cursor_version, trigger, attempts, last_error_kind, lease_token, run_id, email, provider
  FROM leased ORDER BY n`
