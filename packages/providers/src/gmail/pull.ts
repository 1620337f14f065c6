import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, LabelPatch, PulledPage, Version } from '@inlet/sync/provider-port'
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import type { GmailClient } from './client.ts'
import type { KnownLabels } from './labels.ts'
import { parseVersion } from './message.ts'

const HISTORY_TYPES = ['messageAdded', 'messageDeleted', 'labelAdded', 'labelRemoved']
const PAGE_SIZE = 500
/** So often may the same page token come back before we stop asking. */
const SAME_TOKEN_MAX = 10

/**
 * Everything after a history id, page by page. Google allows the answer's historyId to be kept only after the page
 * without nextPageToken, so only that page carries a cursor; a page may be empty and have successors all the same.
 */
export async function* pullHistory(
  client: GmailClient,
  labels: KnownLabels,
  conn: Connection,
  cursor: string,
  signal: AbortSignal,
): AsyncGenerator<PulledPage> {
  if (!/^\d{1,20}$/.test(cursor)) throw expired(cursor, 'it is no history id')
  let pageToken: string | undefined
  let repeated = 0
  for (;;) {
    const page = await historyPage(client, conn, cursor, pageToken, signal)
    const next = page.nextPageToken || undefined
    repeated = next !== undefined && next === pageToken ? repeated + 1 : 0
    if (repeated > SAME_TOKEN_MAX)
      throw new ProviderError(
        'transient',
        'Gmail answers the same history page again and again; the pull starts anew from its cursor.',
      )
    const pulled = readHistory(page.history ?? [])
    yield {
      ...pulled.page,
      cursor: next === undefined ? later(cursor, page.historyId) : null,
      labelsChanged: labels.unknown(conn.accountId, pulled.labelIds),
    }
    if (next === undefined) return
    pageToken = next
  }
}

async function historyPage(
  client: GmailClient,
  conn: Connection,
  cursor: string,
  pageToken: string | undefined,
  signal: AbortSignal,
): Promise<gmail_v1.Schema$ListHistoryResponse> {
  try {
    return await client.call(
      conn,
      { method: 'history.list', action: 'read what has changed', priority: 'live', signal },
      (gmail, options) =>
        gmail.users.history.list(
          {
            userId: 'me',
            startHistoryId: cursor,
            historyTypes: HISTORY_TYPES,
            maxResults: PAGE_SIZE,
            ...(pageToken !== undefined && { pageToken }),
          },
          options,
        ),
    )
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'not_found') throw expired(cursor, error.message)
    throw error
  }
}

function expired(cursor: string, why: string): ProviderError {
  return new ProviderError(
    'cursor_expired',
    `Gmail no longer keeps its history back to ${cursor.slice(0, 40)}: ${why}`,
  )
}

/** The cursor never goes back, whatever an answer says. */
function later(cursor: string, historyId: string | null | undefined): string {
  return parseVersion(historyId) > parseVersion(cursor) ? String(historyId) : cursor
}

/** History records as a page, and the label ids they speak of. Each record's id is the version of what it says. Pure. */
export function readHistory(records: gmail_v1.Schema$History[]): {
  page: Pick<PulledPage, 'upserts' | 'touched' | 'patches' | 'deletions'>
  labelIds: Set<string>
} {
  const touched = new Map<string, Version>()
  const patches: LabelPatch[] = []
  const deletions = new Map<string, Version>()
  const labelIds = new Set<string>()
  for (const record of records) {
    const version = parseVersion(record.id)
    for (const { message } of record.messagesAdded ?? []) {
      if (!message?.id) continue
      touched.set(message.id, version)
      for (const label of message.labelIds ?? []) labelIds.add(label)
    }
    const merged = new Map<string, { add: Set<string>; remove: Set<string> }>()
    const patch = (id: string) => {
      const entry = merged.get(id) ?? { add: new Set(), remove: new Set() }
      merged.set(id, entry)
      return entry
    }
    for (const { message, labelIds: added } of record.labelsAdded ?? [])
      if (message?.id) for (const label of added ?? []) patch(message.id).add.add(label)
    for (const { message, labelIds: removed } of record.labelsRemoved ?? [])
      if (message?.id) for (const label of removed ?? []) patch(message.id).remove.add(label)
    // One patch a message and record: of two patches at one version the second would pass for a replay.
    for (const [id, { add, remove }] of merged) {
      for (const label of add) labelIds.add(label)
      patches.push(toPatch(id, version, [...add], [...remove]))
    }
    for (const { message } of record.messagesDeleted ?? [])
      if (message?.id) deletions.set(message.id, version)
  }
  return {
    page: { upserts: [], touched: entries(touched), patches, deletions: entries(deletions) },
    labelIds,
  }
}

function toPatch(id: string, version: Version, add: string[], remove: string[]): LabelPatch {
  const flag = (label: string) => (add.includes(label) ? true : remove.includes(label) ? false : null)
  return { id, version, add, remove, unread: flag('UNREAD'), starred: flag('STARRED') }
}

const entries = (versions: Map<string, Version>) => [...versions].map(([id, version]) => ({ id, version }))
