/** What labels hold now, for rows that are new here. $1 user, $2 label ids. */
export const countLabels = `
SELECT l.id, count(m.id)::int4 AS total, (count(m.id) FILTER (WHERE m.unread))::int4 AS unread
  FROM unnest($2::text[]) AS l (id)
  LEFT JOIN message m ON m.user_id = $1 AND m.label_ids @> ARRAY[l.id]
 GROUP BY l.id`
