/**
 * $1 user, $2 account, $3 first seq, then columns: $4 id, $5 provider's id, $6 name, $7 role, $8 colour, $9 hidden,
 * $10 total, $11 unread.
 */
export const upsertLabels = `
WITH revived AS (
  DELETE FROM tombstone WHERE user_id = $1 AND kind = 'label' AND id = ANY($4)
)
INSERT INTO label (user_id, account_id, seq, id, provider_id, name, role, color, hidden, total, unread)
SELECT $1, $2, $3::int8 + u.n - 1, u.id, u.provider_id, u.name, u.role, u.color, u.hidden, u.total, u.unread
  FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::boolean[], $10::int4[], $11::int4[])
    WITH ORDINALITY AS u (id, provider_id, name, role, color, hidden, total, unread, n)
ON CONFLICT (user_id, id) DO UPDATE SET
  seq = excluded.seq, name = excluded.name, role = excluded.role, color = excluded.color, hidden = excluded.hidden,
  total = excluded.total, unread = excluded.unread`
