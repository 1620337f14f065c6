/** Deletions of what is not stored. An earlier tombstone keeps its seq. $1 user, $2 ids, $3 versions, $4 now. */
export const quietTombstones = `
INSERT INTO tombstone AS t (user_id, kind, id, version, at)
SELECT $1, 'message', u.id, u.version, $4::int8 FROM unnest($2::text[], $3::int8[]) AS u (id, version)
ON CONFLICT (user_id, kind, id) DO UPDATE
   SET version = greatest(t.version, excluded.version), at = excluded.at`
