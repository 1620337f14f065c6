/**
 * Watches that are missing or end before $2, of accounts that sync; those that failed or are claimed wait.
 * $1 now, $3 limit.
 */
export const watchesDue = `
SELECT r.id AS resource_id, r.account_id, r.user_id, a.email, a.provider, r.key, w.provider_id, w.expires_at
  FROM watch w
  JOIN resource r ON r.id = w.resource_id
  JOIN account a ON a.user_id = r.user_id AND a.id = r.account_id
 WHERE (w.expires_at IS NULL OR w.expires_at < $2) AND w.retry_at <= $1 AND NOT r.paused
 ORDER BY r.account_id, r.id LIMIT $3`
