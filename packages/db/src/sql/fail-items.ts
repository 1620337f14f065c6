/** $1 user, $2 account, then columns: $3 row id, $4 provider's id, $5 code, $6 message, $7 next attempt. */
export const failItems = `
INSERT INTO failed_item AS f (user_id, account_id, id, provider_id, code, message, next_attempt_at, attempts)
SELECT $1, $2, u.id, u.provider_id, u.code, u.message, u.next_attempt_at, 1
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::int8[])
    AS u (id, provider_id, code, message, next_attempt_at)
ON CONFLICT (user_id, id) DO UPDATE SET
  code = excluded.code, message = excluded.message, next_attempt_at = excluded.next_attempt_at,
  attempts = f.attempts + 1`
