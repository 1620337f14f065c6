/**
 * Accounts that were not compared since $1, longest ago first, so many that $3 are under way at most, but for those
 * that were started before $2. One that was not brought to its end has its turn after the others.
 */
export const reconciliationsDue = `
SELECT a.id FROM account a
  LEFT JOIN LATERAL (SELECT max(c.ended_at) FILTER (WHERE c.outcome = 'done') AS done, max(c.started_at) AS started
                       FROM reconciliation c WHERE c.account_id = a.id) last ON true
 WHERE a.enabled AND a.reconnect IS NULL AND coalesce(last.done, a.created_at) < $1
   AND NOT EXISTS (SELECT FROM resource o WHERE o.account_id = a.id
                    AND CASE o.lane WHEN 'live' THEN o.cursor IS NULL WHEN 'listing' THEN o.cursor IS NOT NULL END)
 ORDER BY greatest(last.done, last.started, a.created_at), a.id
 LIMIT greatest(0, $3::int8 - (SELECT count(*) FROM reconciliation c JOIN account b ON b.user_id = c.user_id AND b.id = c.account_id
                          WHERE c.outcome = 'running' AND c.started_at >= $2 AND b.enabled AND b.reconnect IS NULL))`
