/**
 * Ids met in a listing that are not stored; with a label those that are stored and do not carry it. $1 user, $2 account,
 * $3 listing lane's resource, $4 listing, $5 label or null, $6 after, $7 limit.
 */
export const unstored = `
SELECT s.provider_id FROM listing_seen s
  LEFT JOIN message m ON m.user_id = $1 AND m.account_id = $2 AND m.provider_id = s.provider_id
 WHERE s.resource_id = $3 AND s.listing = $4 AND s.provider_id > $6
   AND CASE WHEN $5::text IS NULL THEN m.id IS NULL ELSE NOT m.label_ids @> ARRAY[$5] END
 ORDER BY s.provider_id LIMIT $7`
