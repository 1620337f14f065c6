/**
 * The live lanes beside which a comparison of account $1 may begin: none before each has a cursor, while anything is
 * being listed, where it is stopped or disconnected, or where one was started after $2 (null: whenever).
 */
export const mayReconcile = `
SELECT r.id, r.key FROM resource r JOIN account a ON a.user_id = r.user_id AND a.id = r.account_id
 WHERE r.account_id = $1 AND r.lane = 'live' AND a.enabled AND a.reconnect IS NULL
   AND NOT EXISTS (SELECT FROM resource o WHERE o.account_id = $1
                    AND CASE o.lane WHEN 'live' THEN o.cursor IS NULL WHEN 'listing' THEN o.cursor IS NOT NULL END)
   AND NOT EXISTS (SELECT FROM reconciliation c WHERE c.account_id = $1 AND c.started_at > $2::int8)
 ORDER BY r.id`
