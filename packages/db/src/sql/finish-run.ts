/** $1 user, $2 run, $3 now, $4 outcome, $5 error. Answers how many messages it has stored. */
export const finishRun = `
UPDATE sync_run SET ended_at = $3, outcome = $4, error = $5 WHERE user_id = $1 AND id = $2 AND outcome = 'running'
RETURNING upserts`
