/** Accounts in the shape of AccountRecord, oldest first. The grant's version, never the grant. */
export const readAccounts = (where: 'a.id = $1' | 'a.user_id = $1'): string => `
SELECT a.id, a.user_id AS "userId", a.provider, a.email, a.display_name AS "displayName", a.enabled, a.status, a.proof,
       a.failed_items AS "failedItems",
       coalesce(g.version, 0) AS "grantVersion",
       (SELECT coalesce(json_agg(json_build_object('id', r.id, 'key', r.key, 'lane', r.lane, 'cursor', r.cursor,
                                                   'watchId', w.provider_id, 'due', r.dirty_at IS NOT NULL,
                                                   'lastSyncedAt', r.last_synced_at) ORDER BY r.key, r.lane), '[]')
          FROM resource r LEFT JOIN watch w ON w.resource_id = r.id WHERE r.account_id = a.id) AS resources
  FROM account a LEFT JOIN account_grant g ON g.account_id = a.id
 WHERE ${where} ORDER BY a.created_at, a.id`
