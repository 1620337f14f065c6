import { indexSearch } from './index-search.ts'

/** Messages of one statement, or up to twice as many: small, so that it stays short beside live work. */
export const SEARCH_AT_ONCE = 100

/** Takes the oldest rows off user $1's queue and indexes their messages. Answers `done`: how many were queued. */
export const drainSearch = `
WITH next AS (
  SELECT n, ids FROM search_queue WHERE user_id = $1 ORDER BY n LIMIT ${SEARCH_AT_ONCE} FOR UPDATE SKIP LOCKED
), taken AS (
  SELECT n, ids
    FROM (SELECT n, ids, sum(cardinality(ids)) OVER (ORDER BY n) - cardinality(ids) AS before FROM next) AS summed
   WHERE before < ${SEARCH_AT_ONCE}
), made AS (${indexSearch('(SELECT array_agg(id) FROM taken, unnest(ids) AS id)')}
), gone AS (
  DELETE FROM search_queue WHERE user_id = $1 AND n IN (SELECT n FROM taken)
)
SELECT coalesce(sum(cardinality(ids)), 0)::int4 AS done FROM taken`
