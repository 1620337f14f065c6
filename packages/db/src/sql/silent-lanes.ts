/**
 * Live lanes whose doorbell cannot be trusted: $1 now, $2 since when there was no push, $3 last synced before, $4 users
 * (null: all), $5 providers and $6 their trees, which survey the other lanes, $7 unless they have failed so often; then
 * these were last synced before $8. Locked lanes are being marked or synced by somebody else.
 */
export const silentLanes = `
SELECT r.id FROM resource r LEFT JOIN watch w ON w.resource_id = r.id
  LEFT JOIN (SELECT t.account_id, t.key FROM unnest($5::text[], $6::text[]) AS s (provider, tree)
               JOIN account a ON a.provider = s.provider
               JOIN resource t ON t.account_id = a.id AND t.key = s.tree AND t.lane = 'live' AND t.attempts < $7) AS tree
    ON tree.account_id = r.account_id AND tree.key <> r.key
 WHERE r.lane = 'live' AND NOT r.paused AND r.dirty_at IS NULL
   AND (r.last_synced_at IS NULL OR r.last_synced_at <= CASE WHEN tree.key IS NULL THEN $3::int8 ELSE least($3, $8) END)
   AND ($4::text[] IS NULL OR r.user_id = ANY($4))
   AND (w.provider_id IS NULL OR w.expires_at <= $1 OR greatest(r.last_push_at, w.created_at) <= $2)
 ORDER BY r.id LIMIT 10000 FOR NO KEY UPDATE OF r SKIP LOCKED`
