import { accountJson, labelJson, messageJson, threadJson, upsertJson } from '../row-json.ts'

/** $1 user. There are few. */
export const fillAccounts = `
SELECT ${upsertJson('account', 'a', accountJson('a'))} AS change
  FROM account a WHERE a.user_id = $1 ORDER BY a.created_at, a.id`

/** $1 user, $2 after this id, $3 limit. */
export const fillLabels = `
SELECT l.id, ${upsertJson('label', 'l', labelJson('l'))} AS change
  FROM label l WHERE l.user_id = $1 AND l.id > $2 ORDER BY l.id LIMIT $3`

/** Messages from the newest down, each with the thread of which it is the newest. $1 user, $2, $3 position, $4 limit. */
export const fillMessages = `
SELECT page.id, page.received_at, ${upsertJson('message', 'page', messageJson('page'))} AS change,
       CASE WHEN t.id IS NOT NULL THEN ${upsertJson('thread', 't', threadJson('t'))} END AS thread
  FROM (SELECT * FROM message m
         WHERE m.user_id = $1 AND ($2::int8 IS NULL OR (m.received_at, m.id) < ($2, $3))
         ORDER BY m.received_at DESC, m.id DESC LIMIT $4) AS page
  LEFT JOIN thread t ON t.user_id = $1 AND t.last_message_id = page.id
 ORDER BY page.received_at DESC, page.id DESC`
