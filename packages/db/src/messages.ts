import type { Upsert } from '@inlet/protocol/changes'
import type { Account } from '@inlet/protocol/entities'
import type { MessageBody } from '@inlet/protocol/messages-api'
import type { FailedItem, Reconciliation, SyncRun } from '@inlet/protocol/sync-api'
import type { PulledBody } from '@inlet/sync/provider-port'
import { asUser } from './as-user.ts'
import { cleanDeep, cleanText } from './clean-batch.ts'
import { lockFeed } from './feed-row.ts'
import type { Pool } from './pool.ts'
import { readReconciliations } from './reconciliations.ts'
import { accountJson, messageJson, threadJson, upsertJson } from './row-json.ts'
import { searchQuery } from './search-query.ts'
import { indexSearch } from './sql/index-search.ts'
import { readBody as readBodySql } from './sql/read-body.ts'
import { threadsPage as threadsPageSql } from './sql/threads-page.ts'
import { upsertBodies } from './sql/upsert-bodies.ts'
import { inTransaction, type Tx } from './transaction.ts'

export type Page = { changes: Upsert[]; next: number | null }
export type ThreadsFilter = {
  accountId?: string | undefined
  labelId?: string | undefined
  threadId?: string | undefined
  before?: number | undefined
  limit: number
}

/** What reads a message's body, with the way to fetch it where it is not stored yet. */
export type StoredBody = { accountId: string; providerId: string; body: MessageBody | null }
export type StoredAttachment = {
  accountId: string
  messageProviderId: string
  partId: string
  filename: string
  mimeType: string
  sizeBytes: number
}

/**
 * Reads for the API, each under row-level security: ids of other users are simply not there, and neither are ids that
 * Postgres could not even hold.
 */
export type MessageReader = ReturnType<typeof createMessageReader>

export function createMessageReader(pool: Pool) {
  return {
    /**
     * Threads with their newest messages, newest first; with `threadId`, that thread with all of its messages, oldest
     * first. `next` is the `before` of the next page.
     */
    threadsPage: (userId: string, filter: ThreadsFilter, signal?: AbortSignal): Promise<Page> =>
      asUser(pool, userId, tx => page(tx, userId, cleanDeep(filter)), signal),

    /** Messages that hold every word of `q` and one that begins like its last, newest first. */
    search: (
      userId: string,
      query: { q: string; accountId?: string | undefined; limit: number },
      signal?: AbortSignal,
    ): Promise<Page> => asUser(pool, userId, tx => search(tx, userId, query), signal),

    /** null: no such message of this user. `body` null: it must be fetched, and saved by `saveBody`. */
    readBody: (userId: string, messageId: string, signal?: AbortSignal): Promise<StoredBody | null> =>
      asUser(
        pool,
        userId,
        async tx => {
          const { rows } = await tx.query<StoredBody>(readBodySql, [userId, cleanText(messageId)])
          return rows[0] ?? null
        },
        signal,
      ),

    /** Keeps a body fetched on opening, and makes it searchable. A message deleted meanwhile stays deleted. */
    saveBody: (userId: string, messageId: string, body: PulledBody): Promise<void> =>
      saveBody(pool, userId, messageId, body),

    /** Where to fetch an attachment from; null: no such attachment of this user. */
    readAttachment: (
      userId: string,
      attachmentId: string,
      signal?: AbortSignal,
    ): Promise<StoredAttachment | null> =>
      asUser(
        pool,
        userId,
        async tx => {
          const { rows } = await tx.query<StoredAttachment>(
            `SELECT m.account_id AS "accountId", m.provider_id AS "messageProviderId", a.part_id AS "partId", a.filename,
                    a.mime_type AS "mimeType", a.size_bytes AS "sizeBytes"
               FROM attachment a JOIN message m ON m.user_id = a.user_id AND m.id = a.message_id
              WHERE a.user_id = $1 AND a.id = $2`,
            [userId, cleanText(attachmentId)],
          )
          return rows[0] ?? null
        },
        signal,
      ),

    /** The last comparisons of an account, newest first. */
    reconciliations: (userId: string, accountId: string, limit: number): Promise<Reconciliation[]> =>
      asUser(pool, userId, tx => readReconciliations(tx, cleanText(accountId), limit)),

    /** The last runs, newest first. Those of the mutations lane are not syncs, and a second look that found nothing is no news. */
    syncRuns: (
      userId: string,
      query: { accountId?: string | undefined; limit: number },
      signal?: AbortSignal,
    ): Promise<SyncRun[]> =>
      asUser(
        pool,
        userId,
        async tx => {
          const { rows } = await tx.query<SyncRun>(
            `SELECT id, account_id AS "accountId", kind, trigger, started_at AS "startedAt", ended_at AS "endedAt",
                    outcome, upserts, deletions, error
               FROM sync_run
              WHERE user_id = $1 AND ($2::text IS NULL OR account_id = $2) AND kind <> 'mutations'
                AND NOT (kind = 'live' AND trigger = 'schedule' AND outcome = 'done' AND upserts + deletions = 0)
              ORDER BY started_at DESC, id LIMIT $3`,
            [userId, cleanDeep(query.accountId ?? null), query.limit],
          )
          return rows
        },
        signal,
      ),

    failedItems: (
      userId: string,
      accountId: string | null = null,
      limit = 100,
      signal?: AbortSignal,
    ): Promise<FailedItem[]> =>
      asUser(
        pool,
        userId,
        async tx => {
          const { rows } = await tx.query<FailedItem>(
            `SELECT id, account_id AS "accountId", provider_id AS "providerId", code, message, attempts,
                    next_attempt_at AS "nextAttemptAt"
               FROM failed_item
              WHERE user_id = $1 AND ($2::text IS NULL OR account_id = $2) ORDER BY next_attempt_at, id LIMIT $3`,
            [userId, cleanDeep(accountId), limit],
          )
          return rows
        },
        signal,
      ),

    accounts: (userId: string, signal?: AbortSignal): Promise<Account[]> =>
      asUser(
        pool,
        userId,
        async tx => {
          const { rows } = await tx.query<{ row: Account }>(
            `SELECT ${accountJson('a')} AS row FROM account a WHERE a.user_id = $1 ORDER BY a.created_at, a.id`,
            [userId],
          )
          return rows.map(row => row.row)
        },
        signal,
      ),
  }
}

function page(tx: Tx, userId: string, filter: ThreadsFilter): Promise<Page> {
  return filter.threadId ? oneThread(tx, userId, filter.threadId, filter) : threads(tx, userId, filter)
}

type ThreadRow = { at: number; thread: Upsert; message: Upsert | null }

async function threads(tx: Tx, userId: string, filter: ThreadsFilter): Promise<Page> {
  const { accountId = null, labelId = null, before = null, limit } = filter
  const { rows } = await tx.query<ThreadRow>(threadsPageSql(labelId !== null), [
    userId,
    accountId,
    before,
    limit + 1,
    labelId,
  ])
  const page = rows.slice(0, limit)
  const changes = page.flatMap(row => (row.message ? [row.thread, row.message] : [row.thread]))
  return { changes, next: rows.length > limit ? (page.at(-1)?.at ?? null) : null }
}

async function oneThread(tx: Tx, userId: string, threadId: string, filter: ThreadsFilter): Promise<Page> {
  const thread = await tx.query<{ change: Upsert }>(
    `SELECT ${upsertJson('thread', 't', threadJson('t'))} AS change FROM thread t WHERE t.user_id = $1 AND t.id = $2`,
    [userId, threadId],
  )
  const { rows } = await tx.query<{ at: number; change: Upsert }>(
    `SELECT m.received_at AS at, ${upsertJson('message', 'm', messageJson('m'))} AS change FROM message m
      WHERE m.user_id = $1 AND m.thread_id = $2 AND ($3::int8 IS NULL OR m.received_at < $3)
      ORDER BY m.received_at DESC, m.id DESC LIMIT $4`,
    [userId, threadId, filter.before ?? null, filter.limit + 1],
  )
  const page = rows.slice(0, filter.limit)
  const changes = [...thread.rows, ...page.toReversed()].map(row => row.change)
  return { changes, next: rows.length > filter.limit ? (page.at(-1)?.at ?? null) : null }
}

async function search(
  tx: Tx,
  userId: string,
  query: { q: string; accountId?: string | undefined; limit: number },
): Promise<Page> {
  const words = searchQuery(query.q)
  if (words === null) return { changes: [], next: null }
  const { rows } = await tx.query<{ message: Upsert; thread: Upsert | null }>(
    `SELECT ${upsertJson('message', 'm', messageJson('m'))} AS message,
            CASE WHEN t.id IS NOT NULL THEN ${upsertJson('thread', 't', threadJson('t'))} END AS thread
       FROM inlet_search(to_tsquery('simple', $2), $3, $4) AS found
       JOIN message m ON m.user_id = $1 AND m.id = found.id
       LEFT JOIN thread t ON t.user_id = $1 AND t.id = m.thread_id
      ORDER BY m.received_at DESC, m.id DESC`,
    [userId, words, cleanDeep(query.accountId ?? null), query.limit],
  )
  const seen = new Map<string, Upsert>()
  for (const { message, thread } of rows) {
    seen.set(message.id, message)
    if (thread) seen.set(thread.id, thread)
  }
  return { changes: [...seen.values()], next: null }
}

async function saveBody(pool: Pool, userId: string, messageId: string, body: PulledBody): Promise<void> {
  const text = (value: string | null) => value && cleanText(value)
  await inTransaction(pool, async tx => {
    // Holds off commits: one that deletes the message at this moment would leave a body without its message.
    await lockFeed(tx, userId)
    const message = await tx.query('SELECT FROM message WHERE user_id = $1 AND id = $2', [userId, messageId])
    if (message.rowCount === 0) return
    await tx.query(upsertBodies, [
      userId,
      [messageId],
      [text(body.html)],
      [text(body.text)],
      [text(body.warning)],
    ])
    await tx.query(indexSearch('$2::text[]'), [userId, [messageId]])
  })
}
