/**
 * All that the status of account $1 is derived from, and what its row says now. What has just left its folder has not
 * failed yet.
 */
export const accountFacts = `
SELECT a.user_id, a.enabled, a.reconnect, a.status, a.last_sync_at, a.last_push_at, a.watch_expires_at, a.progress,
       a.proof, a.failed_items,
       (SELECT json_build_object('at', c.ended_at, 'missing', c.missing, 'extra', c.extra, 'differing', c.differing,
                                 'failed', c.failed)
          FROM reconciliation c WHERE c.account_id = a.id AND c.outcome = 'done'
         ORDER BY c.started_at DESC LIMIT 1) AS compared,
       (SELECT count(*)::int4 FROM failed_item f
         WHERE f.account_id = a.id AND (f.code <> 'not_placed' OR f.attempts > 1)) AS failing,
       (SELECT coalesce(json_agg(json_build_object(
                 'lane', r.lane, 'cursor', r.cursor, 'attempts', r.attempts, 'nextAttemptAt', r.next_attempt_at,
                 'lastSyncedAt', r.last_synced_at, 'missedPushAt', r.missed_push_at, 'lastPushAt', r.last_push_at,
                 'errorKind', r.last_error_kind, 'errorMessage', r.last_error_message,
                 'watched', w.resource_id IS NOT NULL, 'watchExpiresAt', CASE WHEN w.provider_id IS NOT NULL THEN w.expires_at END, 'watchCreatedAt', CASE WHEN w.provider_id IS NOT NULL THEN w.created_at END) ORDER BY r.id), '[]')
          FROM resource r LEFT JOIN watch w ON w.resource_id = r.id
         WHERE r.account_id = a.id AND r.lane IN ('live', 'listing')) AS lanes
  FROM account a WHERE a.id = $1`
