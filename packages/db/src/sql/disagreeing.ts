/**
 * Messages that are not what their places make of them (plan-places.ts, which has the last word): $1 account, $2 after,
 * $3 limit. Labels are compared as sets of row ids; a folder without a row of its own shows as a difference.
 */
export const disagreeing = `
WITH derived AS (
  SELECT p.message_id, bool_or(f.flags @> '{"\\\\seen"}') AS seen, bool_or(f.flags @> '{"\\\\flagged"}') AS starred,
         bool_or(f.flags @> '{"\\\\draft"}' OR coalesce(l.role = 'drafts', false)) AS draft, array_agg(DISTINCT l.id) AS labels
    FROM place p
    LEFT JOIN label l ON l.user_id = p.user_id AND l.account_id = p.account_id AND l.provider_id = p.resource
    CROSS JOIN LATERAL (SELECT array_agg(lower(flag)) AS flags FROM unnest(p.flags) AS flag) AS f
   WHERE p.account_id = $1 AND NOT p.gone AND p.message_id > $2
   GROUP BY p.message_id
)
SELECT m.provider_id FROM derived d
  JOIN message m ON m.user_id = (SELECT user_id FROM account WHERE id = $1) AND m.account_id = $1 AND m.provider_id = d.message_id
 WHERE m.unread = coalesce(d.seen, false) OR m.starred <> coalesce(d.starred, false) OR m.draft <> coalesce(d.draft, false)
    OR NOT (m.label_ids @> d.labels AND m.label_ids <@ d.labels)
 ORDER BY m.provider_id LIMIT $3`
