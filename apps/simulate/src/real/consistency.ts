import type { Database } from './database.ts'

type Found = { user_id: string; what: string }

/**
 * What must hold in every state that is ever committed, whoever was killed when. Each query answers what does not, for
 * the users in $1.
 */
const RULES: Record<string, string> = {
  'I2: a seq is used twice': `
    SELECT user_id, 'seq ' || seq || ' by ' || string_agg(what, ', ') AS what FROM (
      SELECT user_id, seq, 'message ' || id AS what FROM message WHERE user_id = ANY($1)
      UNION ALL SELECT user_id, seq, 'thread ' || id FROM thread WHERE user_id = ANY($1)
      UNION ALL SELECT user_id, seq, 'label ' || id FROM label WHERE user_id = ANY($1)
      UNION ALL SELECT user_id, seq, 'account ' || id FROM account WHERE user_id = ANY($1)
      UNION ALL SELECT user_id, seq, 'tombstone ' || id FROM tombstone WHERE user_id = ANY($1) AND seq IS NOT NULL
    ) AS used GROUP BY user_id, seq HAVING count(*) > 1`,
  'I2: a seq lies beyond the head': `
    SELECT f.user_id, 'seq ' || used.seq || ', head ' || f.head AS what FROM feed f JOIN (
      SELECT user_id, max(seq) AS seq FROM (
        SELECT user_id, seq FROM message UNION ALL SELECT user_id, seq FROM thread
        UNION ALL SELECT user_id, seq FROM label UNION ALL SELECT user_id, seq FROM account
        UNION ALL SELECT user_id, seq FROM tombstone
      ) AS every WHERE user_id = ANY($1) GROUP BY user_id
    ) AS used USING (user_id) WHERE used.seq > f.head`,
  'I2: a tombstone of what lives': `
    SELECT t.user_id, t.kind || ' ' || t.id AS what FROM tombstone t
     WHERE t.user_id = ANY($1) AND (
       (t.kind = 'message' AND EXISTS (SELECT FROM message m WHERE m.user_id = t.user_id AND m.id = t.id))
       OR (t.kind = 'thread' AND EXISTS (SELECT FROM thread h WHERE h.user_id = t.user_id AND h.id = t.id))
       OR (t.kind = 'label' AND EXISTS (SELECT FROM label l WHERE l.user_id = t.user_id AND l.id = t.id)))`,
  'a label counts wrongly': `
    SELECT l.user_id, l.name || ' says ' || l.total || '/' || l.unread || ', is ' || c.total || '/' || c.unread AS what
      FROM label l CROSS JOIN LATERAL (
        SELECT count(*)::int AS total, (count(*) FILTER (WHERE m.unread))::int AS unread
          FROM message m WHERE m.user_id = l.user_id AND l.id = ANY(m.label_ids)) AS c
     WHERE l.user_id = ANY($1) AND (l.total, l.unread) IS DISTINCT FROM (c.total, c.unread)`,
  'a thread is not the sum of its messages': `
    SELECT coalesce(t.user_id, m.user_id) AS user_id, 'thread ' || coalesce(t.id, m.id) || ' says '
           || coalesce(t.message_count, 0) || '/' || coalesce(t.unread_count, 0) || ', is '
           || coalesce(m.total, 0) || '/' || coalesce(m.unread, 0) AS what
      FROM (SELECT * FROM thread WHERE user_id = ANY($1)) t FULL JOIN (
        SELECT user_id, thread_id AS id, count(*)::int AS total, (count(*) FILTER (WHERE unread))::int AS unread,
               max(received_at) AS newest FROM message WHERE user_id = ANY($1) GROUP BY 1, 2) m
        ON m.user_id = t.user_id AND m.id = t.id
     WHERE (t.message_count, t.unread_count, t.last_message_at) IS DISTINCT FROM (m.total, m.unread, m.newest)`,
  'I8: a mark is forgotten': `
    SELECT user_id, lane || ' of account ' || account_id || ' has ' || marks || ' marks, taken up to '
           || claimed_marks || ', and is not due' AS what
      FROM resource WHERE user_id = ANY($1) AND marks <> claimed_marks AND dirty_at IS NULL`,
  // That a message lies nowhere (IMAP) is a question first, and a failure when it was asked in vain (decision 010).
  'I10: failed items are counted wrongly': `
    SELECT a.user_id, a.email || ' says ' || a.failed_items || ', has ' || c.n AS what FROM account a
      CROSS JOIN LATERAL (SELECT count(*)::int AS n FROM failed_item f
        WHERE f.account_id = a.id AND (f.code <> 'not_placed' OR f.attempts > 1)) AS c
     WHERE a.user_id = ANY($1) AND a.failed_items <> c.n`,
}

export type Marks = Map<string, { cursor: bigint; version: number; head: number }>

/** One look at all rules in one snapshot. `before` remembers where cursors and heads stood, which only move on. */
export async function inconsistencies(
  database: Database,
  userIds: readonly string[],
  before: Marks,
): Promise<{ userId: string; what: string }[]> {
  return await database.snapshot(async query => {
    const found: { userId: string; what: string }[] = []
    for (const [rule, sql] of Object.entries(RULES))
      for (const { user_id: userId, what } of await query<Found>(sql, [userIds]))
        found.push({ userId, what: `${rule}: ${what}` })
    const lanes = await query<{
      id: string
      user_id: string
      key: string
      provider: string
      cursor: string
      version: number
      head: number
    }>(
      `SELECT r.id, r.user_id, r.key, a.provider, r.cursor, r.cursor_version AS version, f.head FROM resource r
         JOIN feed f USING (user_id) JOIN account a ON a.id = r.account_id
        WHERE r.user_id = ANY($1) AND r.lane = 'live' AND r.cursor IS NOT NULL`,
      [userIds],
    )
    for (const { id, user_id: userId, key, provider, cursor, head, ...lane } of lanes) {
      // Only Gmail's are numbers; and a mail server's folder that is made anew under its path begins anew.
      const again = provider === 'imap' && !['PINBOX', 'folders'].includes(key)
      const version = again ? 0 : lane.version
      const now = { cursor: provider === 'gmail' ? BigInt(cursor) : 0n, version, head }
      const last = before.get(id)
      if (last && now.cursor < last.cursor)
        found.push({ userId, what: `I1: the cursor went back from ${last.cursor} to ${cursor}` })
      if (last && (now.version < last.version || now.head < last.head))
        found.push({ userId, what: `I1: a version or the head went back (${last.version} to ${version})` })
      before.set(id, now)
    }
    return found
  })
}
