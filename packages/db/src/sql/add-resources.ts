/**
 * The lanes of resources, and a watch that is still to be registered for each live one; those that exist stay.
 * $1 user, $2 account, $3 keys, $4 names. The listing lane is opened by a commit.
 */
export const addResources = `
WITH added AS (
  INSERT INTO resource (id, user_id, account_id, key, name, lane)
  SELECT translate(encode(substring(sha256(convert_to($2 || E'\\n' || u.key || E'\\n' || lanes.lane, 'UTF8')) FOR 12), 'base64'), '+/', '-_'),
         $1, $2, u.key, u.name, lanes.lane
    FROM unnest($3::text[], $4::text[]) AS u (key, name)
   CROSS JOIN (VALUES ('live'), ('items'), ('mutations')) AS lanes (lane)
  ON CONFLICT (account_id, key, lane) DO NOTHING
  RETURNING id, lane
)
INSERT INTO watch (resource_id) SELECT id FROM added WHERE lane = 'live'`
