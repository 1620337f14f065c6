/**
 * Full text of messages $2 of user $1: subject and people weigh more than the body. Bounded: a vector may hold 1 MB, and
 * nobody looks for the 60,000th letter of a mail. 'simple' takes words as they are: mail comes in every language.
 */
export const indexSearch = `
INSERT INTO message_search AS s (user_id, id, account_id, vector)
SELECT m.user_id, m.id, m.account_id,
       setweight(to_tsvector('simple', left(m.subject, 1000)), 'A')
    || setweight(to_tsvector('simple', left(m.from_name || ' ' || m.from_email, 500)), 'B')
    || setweight(to_tsvector('simple', left(m.snippet, 1000)), 'D')
    || setweight(to_tsvector('simple', left(coalesce(
         nullif(b.text, ''), regexp_replace(left(b.html, 60000), '<[^>]*>', ' ', 'g'), ''), 60000)), 'D')
  FROM message m LEFT JOIN message_body b ON b.user_id = m.user_id AND b.id = m.id
 WHERE m.user_id = $1 AND m.id = ANY($2)
ON CONFLICT (user_id, id) DO UPDATE SET vector = excluded.vector WHERE s.vector IS DISTINCT FROM excluded.vector`
