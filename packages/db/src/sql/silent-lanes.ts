/**
 * Live lanes whose doorbell cannot be trusted: $1 now, $2 since when there was no push, $3 last synced before, $4 users
 * (null: all). Locked
 * lanes are being marked or synced by somebody else.
 */
export const silentLanes = `
SELECT r.id FROM resource r LEFT JOIN watch w ON w.resource_id = r.id
 WHERE r.lane = 'live' AND NOT r.paused AND r.dirty_at IS NULL
   AND (r.last_synced_at IS NULL OR r.last_synced_at <= $3)
   AND ($4::text[] IS NULL OR r.user_id = ANY($4))
   AND (w.provider_id IS NULL OR w.expires_at <= $1 OR greatest(r.last_push_at, w.created_at) <= $2)
 ORDER BY r.id LIMIT 10000 FOR NO KEY UPDATE OF r SKIP LOCKED`
