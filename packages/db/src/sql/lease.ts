/** $1 ids, $2 tokens, $3 runs, $4 until. Answers the claims, with the run that a dead worker left open. */
export const lease = `
WITH before AS (
  SELECT u.id, u.token, u.run, r.run_id AS left_open
    FROM unnest($1::text[], $2::text[], $3::text[]) AS u (id, token, run) JOIN resource r ON r.id = u.id
)
UPDATE resource r SET
  lease_token = before.token, lease_until = $4::int8, run_id = before.run, claimed_marks = marks, next_attempt_at = NULL
  FROM before, account a
 WHERE r.id = before.id AND a.user_id = r.user_id AND a.id = r.account_id
RETURNING r.id, r.user_id, r.account_id, r.key, r.lane, r.cursor, r.cursor_version, r.trigger, r.attempts,
          r.lease_token, r.run_id, before.left_open, a.email, a.provider`
