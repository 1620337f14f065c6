import { messageJson, threadJson, upsertJson } from '../row-json.ts'

/**
 * Threads from the newest down, each with its newest message. $1 user, $2 account or null, $3 before or null, $4 limit,
 * and with a label $5: then the ids come from inlet_threads_with_label, which may use the index on labels.
 */
export const threadsPage = (byLabel: boolean): string => `
SELECT t.last_message_at AS at, ${upsertJson('thread', 't', threadJson('t'))} AS thread,
       CASE WHEN m.id IS NOT NULL THEN ${upsertJson('message', 'm', messageJson('m'))} END AS message
  FROM (SELECT t.* FROM ${byLabel ? 'inlet_threads_with_label($5, $3, $4) AS found JOIN thread t ON t.id = found.id AND' : 'thread t WHERE'}
               t.user_id = $1 ${byLabel ? 'WHERE' : 'AND'} ($2::text IS NULL OR t.account_id = $2)
           AND ($3::int8 IS NULL OR t.last_message_at < $3)${byLabel ? '' : ' AND $5::text IS NULL'}
         ORDER BY t.last_message_at DESC, t.id DESC LIMIT $4) AS t
  LEFT JOIN message m ON m.user_id = $1 AND m.id = t.last_message_id
 ORDER BY t.last_message_at DESC, t.id DESC`
