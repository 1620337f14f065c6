/**
 * The live lanes of resources, due at once, and a watch that is still to be registered for those that have one; failed
 * items and a person's changes are the account's, under the key ''. What exists stays; what is new in an account that
 * does not sync begins paused. The listing lanes are opened by commits. $1 user, $2 account, $3 keys, $4 names, $5 watched, $6 now.
 */
export const addResources = `
WITH added AS (
  INSERT INTO resource (id, user_id, account_id, key, name, lane, dirty_at, marks, paused)
  SELECT translate(encode(substring(sha256(convert_to($2 || E'\\n' || u.key || E'\\n' || u.lane, 'UTF8')) FOR 12), 'base64'), '+/', '-_'),
         $1, $2, u.key, u.name, u.lane, CASE WHEN u.lane = 'live' THEN $6::int8 END, CASE WHEN u.lane = 'live' THEN 1 ELSE 0 END,
         NOT a.enabled OR a.reconnect IS NOT NULL
    FROM (SELECT key, name, 'live' AS lane FROM unnest($3::text[], $4::text[]) AS given (key, name)
           UNION ALL VALUES ('', '', 'items'), ('', '', 'mutations')) AS u
    JOIN account a ON a.user_id = $1 AND a.id = $2
  ON CONFLICT (account_id, key, lane) DO NOTHING
  RETURNING id, lane, key
)
INSERT INTO watch (resource_id)
SELECT added.id FROM added JOIN unnest($3::text[], $5::bool[]) AS given (key, watched) USING (key)
 WHERE added.lane = 'live' AND given.watched`
