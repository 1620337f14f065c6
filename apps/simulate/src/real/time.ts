import type { Database } from './database.ts'

/**
 * Waits of minutes and hours, passed at once: deadlines in the database are moved to now, as if nothing had happened
 * for so long. Waits inside a process (Retry-After, reconnecting) pass in real time.
 */

const MINUTE = 60_000
/** A worker that lives renews every 20 s to a minute ahead: a lease with less left has lost its holder. */
const ORPHANED_MS = 35_000

/** Rows that somebody works with at this moment are left for the next time. */
const LOCKED = 'ORDER BY id FOR NO KEY UPDATE SKIP LOCKED'

/**
 * Leases of these users have lapsed, as if their holders had stood still for more than a minute (I8). Not those of the
 * mutations lane: their holders live on at once here, and of two who send a letter no fence at Gmail stops one.
 */
export async function lapseLeases(database: Database, userIds: readonly string[]): Promise<void> {
  await database.query(
    `UPDATE resource SET lease_until = $2 WHERE id IN (
       SELECT id FROM resource WHERE user_id = ANY($1) AND lane <> 'mutations' AND lease_until > $2 ${LOCKED})`,
    [userIds, Date.now()],
  )
}

/** A worker that lives says so every 10 s, for 45 s. */
const SILENT_MS = 30_000

/** What waits to be tried again waits no longer; leases of the dead lapse. */
export async function passWaits(database: Database, userIds: readonly string[]): Promise<void> {
  const now = Date.now()
  await database.query(
    `UPDATE failed_item SET next_attempt_at = $2 WHERE (user_id, id) IN (
       SELECT user_id, id FROM failed_item WHERE user_id = ANY($1) AND next_attempt_at > $2 ${LOCKED})`,
    [userIds, now],
  )
  await database.query(
    `UPDATE resource SET
       next_attempt_at = CASE WHEN lease_token IS NULL THEN least(next_attempt_at, $2) ELSE next_attempt_at END,
       lease_until = CASE WHEN lease_until < $2 + ${ORPHANED_MS} THEN least(lease_until, $2) ELSE lease_until END
      WHERE id IN (SELECT id FROM resource
        WHERE user_id = ANY($1) AND (next_attempt_at > $2 OR lease_until BETWEEN $2 AND $2 + ${ORPHANED_MS}) ${LOCKED})`,
    [userIds, now],
  )
  await database.query(
    `UPDATE watch SET retry_at = 0 WHERE resource_id IN (SELECT resource_id FROM watch JOIN resource r ON r.id = resource_id
        WHERE r.user_id = ANY($1) AND retry_at > $2 ORDER BY resource_id FOR NO KEY UPDATE OF watch SKIP LOCKED)`,
    [userIds, now],
  )
  await database.query('UPDATE worker SET seen_until = $1 WHERE seen_until BETWEEN $1 AND $1 + $2', [
    now,
    SILENT_MS,
  ])
  await database.query('UPDATE attendance SET lease_until = $1 WHERE lease_until BETWEEN $1 AND $1 + $2', [
    now,
    SILENT_MS,
  ])
}

/** A quarter of an hour without pushes, and a week of each watch's life: whatever no doorbell vouches for is looked at. */
export async function passSilence(database: Database, userIds: readonly string[]): Promise<void> {
  await database.query(
    `UPDATE resource SET last_push_at = last_push_at - $2::int8, last_synced_at = last_synced_at - $2::int8
      WHERE id IN (SELECT id FROM resource WHERE user_id = ANY($1) AND lane = 'live' ${LOCKED})`,
    [userIds, 15 * MINUTE],
  )
  await database.query(
    `UPDATE watch SET created_at = created_at - $2::int8, expires_at = least(expires_at, $3::int8), retry_at = 0
      WHERE resource_id IN (SELECT resource_id FROM watch JOIN resource r ON r.id = resource_id
        WHERE r.user_id = ANY($1) ORDER BY resource_id FOR NO KEY UPDATE OF watch SKIP LOCKED)`,
    [userIds, 15 * MINUTE, Date.now() + 60 * MINUTE],
  )
}
