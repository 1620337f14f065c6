/**
 * Ends the comparison of account $1 of which no listing is left. What was not compared and is still there makes it
 * incomplete. $2 now.
 */
export const endReconciliations = `
UPDATE reconciliation c SET
  ended_at = $2,
  outcome = CASE WHEN EXISTS (SELECT FROM resource r WHERE r.account_id = $1 AND r.lane = 'live' AND r.key = ANY(c.pending))
                 THEN 'interrupted' ELSE 'done' END
 WHERE c.account_id = $1 AND c.outcome = 'running'
   AND NOT EXISTS (SELECT FROM resource r WHERE r.account_id = $1 AND r.lane = 'listing' AND r.cursor IS NOT NULL
                    AND r.cursor::json #>> '{compare,id}' = c.id)`
