/**
 * Opens or replaces the listing lane beside each of some resources: $1 their ids, $2 ids for lanes that are new,
 * $3 cursor, $4 now, $5 trigger. Whoever is walking the old listing loses its lease.
 */
export const openListing = `
WITH opened AS (
  INSERT INTO resource AS r (id, user_id, account_id, key, name, lane, cursor, dirty_at, trigger, marks, paused)
  SELECT u.fresh, live.user_id, live.account_id, live.key, live.name, 'listing', $3, $4::int8, $5, 1, live.paused
    FROM unnest($1::text[], $2::text[]) AS u (id, fresh) JOIN resource live ON live.id = u.id
  ON CONFLICT (account_id, key, lane) DO UPDATE SET
    cursor = excluded.cursor, cursor_version = r.cursor_version + 1, dirty_at = excluded.dirty_at,
    trigger = excluded.trigger, marks = r.marks + 1, attempts = 0, next_attempt_at = NULL,
    lease_until = NULL, lease_token = NULL, last_error_kind = NULL, last_error_message = NULL
  RETURNING id
)
DELETE FROM listing_seen WHERE resource_id IN (SELECT id FROM opened)`
