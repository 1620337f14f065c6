/**
 * Full text of messages of user $1: subject and people weigh more than the body. Bounded: a vector may hold 1 MB, and
 * nobody looks for the 60,000th letter of a mail. 'simple' takes words as they are: mail comes in every language.
 * In the order of ids, so that two of these never wait for each other. `ids`: SQL for their array.
 */
export const indexSearch = (ids: string): string => `
INSERT INTO message_search AS s (user_id, id, account_id, vector)
SELECT m.user_id, m.id, m.account_id,
       setweight(to_tsvector('simple', left(m.subject, 1000)), 'A')
    || setweight(to_tsvector('simple', left(m.from_name || ' ' || m.from_email, 500)), 'B')
    || setweight(to_tsvector('simple', left(m.snippet, 1000)), 'D')
    || setweight(to_tsvector('simple', left(coalesce(
         nullif(b.text, ''), regexp_replace(left(b.html, 60000), '<[^>]*>', ' ', 'g'), ''), 60000)), 'D')
  FROM (SELECT DISTINCT unnest(${ids}) AS id) AS u
 CROSS JOIN LATERAL (SELECT * FROM message WHERE user_id = $1 AND id = u.id LIMIT 1) AS m
  LEFT JOIN LATERAL (SELECT * FROM message_body WHERE user_id = $1 AND id = u.id LIMIT 1) AS b ON true
 ORDER BY m.id
ON CONFLICT (user_id, id) DO UPDATE SET vector = excluded.vector WHERE s.vector IS DISTINCT FROM excluded.vector`
