/** $1 account, $2 now, $3 trigger. */
export const wakeAccount = `
UPDATE resource SET
  paused = false, attempts = 0, next_attempt_at = NULL, last_error_kind = NULL, last_error_message = NULL,
  trigger = CASE WHEN lane = 'live' AND dirty_at IS NULL THEN $3 ELSE trigger END,
  marks = CASE WHEN lane = 'live' THEN marks + 1 ELSE marks END,
  dirty_at = CASE WHEN lane = 'live' THEN coalesce(dirty_at, $2) ELSE dirty_at END
 WHERE account_id = $1`
