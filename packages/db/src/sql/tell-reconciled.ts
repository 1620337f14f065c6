/** $1 user, $2 comparison, $3 the listing lane that has ended, and its findings: $4 provider, $5 stored, $6 missing, $7 extra, $8 differing, $9 failed. */
export const tellReconciled = `
UPDATE reconciliation c SET
  pending = array_remove(c.pending, r.key),
  provider = c.provider + $4::int4, stored = c.stored + $5::int4, missing = c.missing + $6::int4,
  extra = c.extra + $7::int4, differing = c.differing + $8::int4, failed = c.failed + $9::int4,
  resources = CASE WHEN $6::int4 + $7::int4 + $8::int4 + $9::int4 = 0 THEN c.resources
                   ELSE c.resources || jsonb_build_array(jsonb_build_object('name', r.name, 'provider', $4::int4,
                        'stored', $5::int4, 'missing', $6::int4, 'extra', $7::int4, 'differing', $8::int4,
                        'failed', $9::int4)) END
  FROM resource r
 WHERE c.user_id = $1 AND c.id = $2 AND r.id = $3 AND r.key = ANY(c.pending)`
