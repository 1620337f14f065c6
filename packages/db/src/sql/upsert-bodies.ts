/** $1 user, $2 ids, $3 html, $4 text, $5 warnings. Bodies never change; a better-read one replaces the first. */
export const upsertBodies = `
INSERT INTO message_body (user_id, id, html, text, warning)
SELECT $1, u.id, u.html, u.text, u.warning
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS u (id, html, text, warning)
ON CONFLICT (user_id, id) DO UPDATE SET html = excluded.html, text = excluded.text, warning = excluded.warning`
