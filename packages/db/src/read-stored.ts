import type { Label, Message, Thread } from '@inlet/protocol/entities'
import type { ThreadMember } from '@inlet/sync/derive-thread'
import type { Stored, StoredMessage } from '@inlet/sync/plan'
import { rowId } from '@inlet/sync/row-id'
import type { Batch } from '@inlet/sync/store-port'
import { readMessages } from './sql/read-messages.ts'
import { readThreads as readThreadsSql } from './sql/read-threads.ts'
import type { Tx } from './transaction.ts'

export type Labels = Map<string, { total: number; unread: number }>
/** By thread id; `row` null: it is gone, and its tombstone is there. A thread that was never there has no entry. */
export type Threads = Map<string, StoredThread>
export type StoredThread = { row: Thread | null; messages: ThreadMember[] }

/** What the planner looks at, and beside it what the writing needs. */
export type StoredState = Stored & {
  /** The labels' counts. */
  counts: Labels
  threads: Threads
  /** The account has failed items. */
  failing: boolean
}

type MessageRow = {
  id: string
  account_id: string | null
  thread_id: string
  provider_id: string
  thread_provider_id: string
  version: string
  subject: string
  from_name: string
  from_email: string
  to: Message['to']
  cc: Message['cc']
  bcc: Message['to']
  reply_to: Message['to']
  snippet: string
  received_at: number
  sent_at: number | null
  unread: boolean
  starred: boolean
  draft: boolean
  label_ids: string[]
  attachment_count: number
  size_bytes: number
  message_id_header: string | null
  in_reply_to: string | null
  refs: string[]
  has_body: boolean | null
  dead_at: string | null
  dead: boolean | null
}

/**
 * Reads under the feed lock: what it answers stays true until the transaction ends. All at once, so that a batch costs
 * one round trip. `concerned`: provider's ids of messages that it is about besides.
 */
export async function readStored(
  tx: Tx,
  batch: Batch,
  concerned: readonly string[] = [],
): Promise<StoredState> {
  const { accountId } = batch
  const ofMessages = (ids: string[]) => [...new Set(ids)].map(id => rowId(accountId, 'message', id))
  const known = ofMessages(
    [...batch.patches, ...batch.deletions].map(item => item.id).concat(batch.missing, concerned),
  )
  const ids = [...new Set([...ofMessages(batch.upserts.map(item => item.id)), ...known])]
  const threadIds = new Set(batch.upserts.map(({ threadId }) => rowId(accountId, 'thread', threadId)))
  const state: StoredState = {
    messages: new Map(),
    tombstones: new Map(),
    labels: new Map(),
    attempts: new Map(),
    counts: new Map(),
    threads: new Map(),
    failing: false,
  }
  if (ids.length === 0 && !batch.labels) return state
  await Promise.all([
    ids.length > 0 && readMessagesInto(state, tx, batch.userId, ids),
    readLabelsInto(state, tx, batch),
    ids.length > 0 && readThreadsInto(state.threads, tx, batch.userId, [...threadIds], known),
    ids.length > 0 && readFailingInto(state, tx, batch),
  ])
  // An upsert that moves a message to another thread changes the one that it leaves, too.
  const left = new Set<string>()
  for (const { row } of state.messages.values()) if (!state.threads.has(row.threadId)) left.add(row.threadId)
  if (left.size > 0) await readThreadsInto(state.threads, tx, batch.userId, [...left], [])
  return state
}

async function readMessagesInto(state: StoredState, tx: Tx, userId: string, ids: string[]): Promise<void> {
  const { rows } = await tx.query<MessageRow>(readMessages, [userId, ids])
  for (const row of rows) {
    if (row.account_id !== null) state.messages.set(row.id, fromRow(row, row.account_id))
    if (row.dead) state.tombstones.set(row.id, BigInt(row.dead_at ?? 0))
  }
}

/** Into `threads`: those named, and those of the messages named. */
export async function readThreadsInto(
  threads: Threads,
  tx: Tx,
  userId: string,
  ids: string[],
  messageIds: string[],
): Promise<void> {
  const { rows } = await tx.query<{ id: string; row: Thread | null; messages: ThreadMember[] | null }>(
    readThreadsSql,
    [userId, ids, messageIds],
  )
  for (const { id, row, messages } of rows) threads.set(id, { row, messages: messages ?? [] })
}

async function readFailingInto(state: StoredState, tx: Tx, { accountId, heals }: Batch): Promise<void> {
  const { rows } = await tx.query<{ failing: boolean; items: Record<string, number> | null }>(
    `SELECT EXISTS (SELECT FROM failed_item WHERE account_id = $1) AS failing,
            (SELECT json_object_agg(provider_id, attempts) FROM failed_item
              WHERE account_id = $1 AND provider_id = ANY($2)) AS items`,
    [accountId, heals ? [...heals.keys()] : []],
  )
  state.failing = rows[0]?.failing ?? false
  for (const [id, attempts] of Object.entries(rows[0]?.items ?? {})) state.attempts.set(id, attempts)
}

async function readLabelsInto(state: StoredState, tx: Tx, batch: Batch): Promise<void> {
  const { rows } = await tx.query<Omit<Label, 'accountId'> & { provider_id: string }>(
    `SELECT id, provider_id, name, role, color, hidden, total, unread FROM label WHERE user_id = $1 AND account_id = $2`,
    [batch.userId, batch.accountId],
  )
  for (const { provider_id: providerId, total, unread, ...row } of rows) {
    state.labels.set(row.id, { ...row, accountId: batch.accountId, providerId, total })
    state.counts.set(row.id, { total, unread })
  }
}

function fromRow(row: MessageRow, accountId: string): StoredMessage {
  return {
    row: {
      id: row.id,
      accountId,
      threadId: row.thread_id,
      subject: row.subject,
      from: { name: row.from_name, email: row.from_email },
      to: row.to,
      cc: row.cc,
      snippet: row.snippet,
      receivedAt: row.received_at,
      unread: row.unread,
      starred: row.starred,
      draft: row.draft,
      labelIds: row.label_ids,
      attachmentCount: row.attachment_count,
      sizeBytes: row.size_bytes,
      messageIdHeader: row.message_id_header,
    },
    providerId: row.provider_id,
    threadProviderId: row.thread_provider_id,
    version: BigInt(row.version),
    sentAt: row.sent_at,
    inReplyTo: row.in_reply_to,
    references: row.refs,
    bcc: row.bcc,
    replyTo: row.reply_to,
    hasBody: row.has_body ?? false,
  }
}
