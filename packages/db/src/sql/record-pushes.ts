import { setMark } from './mark.ts'

/** A push id seen again within this time is counted as a duplicate. It marks all the same: counting, not correctness. */
const DUPLICATE_MS = 60 * 60_000
/** Whoever is due and was marked within this time: somebody was told, or its runner looks by itself (I3). */
const TOLD_MS = 1_000

/**
 * Records pushes and marks the live lanes of the mailboxes or watches that they name, all in one. Columns, one entry a push:
 * $1 provider, $2 push id, $3 mailbox, $4 resource, $5 problem, $6 when, $7 watch, $8 hash of its secret, $9 kind. Answers each in that order, with `ring`: by this
 * mark something became due that was not before.
 *
 * The same mailbox may be connected by several users: every one of them is told. Rows are locked in the order of their
 * ids, as everywhere.
 */
export const recordPushes = `
WITH event AS (
  SELECT e.*, e.push_id IS NOT NULL AND (
           row_number() OVER (PARTITION BY e.provider, e.push_id ORDER BY e.n) > 1
           OR EXISTS (SELECT FROM webhook_event w
                       WHERE w.provider = e.provider AND w.push_id = e.push_id AND w.at > e.at - ${DUPLICATE_MS})
         ) AS repeated
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[], $7::text[], $8::bytea[], $9::text[])
      WITH ORDINALITY AS e (provider, push_id, mailbox, resource, problem, at, watch_id, secret_hash, kind, n)
), named AS (
  SELECT e.n, e.at, e.kind, a.id AS account_id, a.enabled, r.id, true AS genuine
    FROM event e
    JOIN account a ON a.provider = e.provider AND a.email = lower(e.mailbox)
    JOIN resource r ON r.account_id = a.id AND r.lane = 'live' AND (e.resource IS NULL OR r.key = e.resource)
   WHERE e.problem IS NULL
   UNION ALL
  SELECT e.n, e.at, e.kind, a.id, a.enabled, r.id, w.secret_hash = e.secret_hash
    FROM event e
    JOIN watch w ON w.provider_id = e.watch_id
    JOIN resource r ON r.id = w.resource_id
    JOIN account a ON a.user_id = r.user_id AND a.id = r.account_id AND a.provider = e.provider
   WHERE e.problem IS NULL
), pushed AS (
  SELECT id, max(at) AS at FROM named WHERE enabled AND genuine GROUP BY id
), locked AS (
  SELECT id, dirty_at, due_at FROM resource WHERE id IN (SELECT id FROM pushed) ORDER BY id FOR NO KEY UPDATE
), marked AS (
  UPDATE resource r SET ${setMark('pushed.at', `'push'`)},
         last_push_at = greatest(r.last_push_at, pushed.at), missed_push_at = NULL
    FROM locked JOIN pushed USING (id)
   WHERE r.id = locked.id
  RETURNING r.id, r.due_at <= pushed.at
            AND (locked.due_at <= pushed.at AND locked.dirty_at > pushed.at - ${TOLD_MS}) IS NOT TRUE AS ring
), renewed AS (
  UPDATE watch w SET retry_at = 0, expires_at = CASE WHEN named.kind = 'lapsing' THEN least(w.expires_at, named.at) END,
         provider_id = CASE WHEN named.kind = 'lapsing' THEN w.provider_id END
    FROM named WHERE named.genuine AND named.kind IN ('lapsing', 'removed') AND w.resource_id = named.id
), outcome AS (
  SELECT e.n, CASE WHEN e.problem IS NOT NULL OR (e.mailbox IS NULL AND e.watch_id IS NULL) THEN 'undecodable'
                   WHEN named.ids IS NULL THEN 'unknown_mailbox'
                   WHEN NOT named.genuine THEN 'forged'
                   WHEN NOT named.enabled THEN 'stopped'
                   WHEN e.repeated THEN 'duplicate'
                   ELSE 'marked' END AS outcome,
         coalesce(named.ids, '{}') AS account_ids, coalesce(named.ring, false) AS ring
    FROM event e
    LEFT JOIN (SELECT n, array_agg(DISTINCT account_id) AS ids, bool_or(enabled) AS enabled, bool_or(genuine) AS genuine, bool_or(ring) AS ring
                 FROM named LEFT JOIN marked USING (id) GROUP BY n) AS named USING (n)
), logged AS (
  INSERT INTO webhook_event (provider, push_id, mailbox, resource, outcome, problem, at)
  SELECT provider, push_id, mailbox, coalesce(watch_id, resource), outcome, problem, at FROM event JOIN outcome USING (n) ORDER BY n
)
SELECT outcome, account_ids AS "accountIds", ring FROM outcome ORDER BY n`
