import { accountJson, labelJson, messageJson, threadJson, upsertJson } from '../row-json.ts'

const newer = (table: string, json: string) => `
  (SELECT x.seq, ${json} AS change FROM ${table} x WHERE x.user_id = $1 AND x.seq > $2 ORDER BY x.seq LIMIT $3)`

/**
 * One page of a user's feed, with head and floor of the same snapshot. $1 user, $2 after, $3 limit.
 * Each branch walks its own (user_id, seq) index and stops at the limit.
 */
export const followFeed = `
SELECT f.head, f.floor, (
  SELECT coalesce(json_agg(page.change ORDER BY page.seq), '[]') FROM (
    SELECT * FROM (
      ${newer('message', upsertJson('message', 'x', messageJson('x')))}
      UNION ALL ${newer('thread', upsertJson('thread', 'x', threadJson('x')))}
      UNION ALL ${newer('label', upsertJson('label', 'x', labelJson('x')))}
      UNION ALL ${newer('account', upsertJson('account', 'x', accountJson('x')))}
      UNION ALL ${newer('tombstone', `json_build_object('kind', x.kind, 'op', 'delete', 'id', x.id, 'seq', x.seq)`)}
    ) AS changes ORDER BY seq LIMIT $3
  ) AS page
) AS changes
  FROM feed f WHERE f.user_id = $1`
