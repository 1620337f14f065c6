/** $1 user, $2 account, $3 listing lane's resource, $4 listing, $5 label or null, $6 stored before, $7 limit. */
export const unlisted = `
SELECT m.provider_id FROM message m
 WHERE m.user_id = $1 AND m.account_id = $2 AND m.stored_at < $6
   AND ($5::text IS NULL OR m.label_ids @> ARRAY[$5])
   AND NOT EXISTS (SELECT FROM listing_seen s
                    WHERE s.resource_id = $3 AND s.listing = $4 AND s.provider_id = m.provider_id)
 LIMIT $7`
