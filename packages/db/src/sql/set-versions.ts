/** Newer states with the same content: no seq, nobody needs to know. $1 user, $2 ids, $3 versions. */
export const setVersions = `
UPDATE message m SET version = u.version
  FROM unnest($2::text[], $3::int8[]) AS u (id, version)
 WHERE m.user_id = $1 AND m.id = u.id AND m.version < u.version`
