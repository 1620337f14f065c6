import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, type Reply } from '../../http/reply.ts'
import type { HistoryRecord } from '../../mailbox/types.ts'
import { invalid, notFound } from '../errors.ts'
import { admit, decodePageToken, encodePageToken, type GmailCall, readMaxResults } from './context.ts'
import { fromGoogle, toGoogle } from './labels.ts'

const TYPES = ['messageAdded', 'messageDeleted', 'labelAdded', 'labelRemoved']

interface HistoryPage {
  after: number
  /** Where the first page ended: later changes wait for the next call. */
  upTo: number
}

export function listHistory(call: GmailCall, userId: string): Reply {
  admit(call, userId, 'metadata', 'history.list')
  const { query } = call.request
  const start = query.get('startHistoryId') ?? invalid("Required parameter: 'startHistoryId'", 'required')
  if (!/^\d{1,20}$/.test(start)) invalid(`Invalid value at 'startHistoryId': "${start}"`)
  const types = query.getAll('historyTypes')
  for (const type of types) if (!TYPES.includes(type)) invalid(`Invalid value at 'historyTypes': "${type}"`)
  const label = query.get('labelId')
  const wanted =
    label === null ? undefined : (fromGoogle(call.mailbox, label) ?? invalid(`labelId not found: ${label}`))

  const { history } = call.mailbox
  const page = decodePageToken(call, isPage) ?? { after: Number(start), upTo: history.current }
  const all = history.since(page.after) ?? notFound()
  const upTo = String(page.upTo)
  if (call.google.faults.take('history.empty-page', { account: call.mailbox.email })) {
    return json({
      nextPageToken: encodePageToken(page),
      historyId: upTo,
    } satisfies gmail_v1.Schema$ListHistoryResponse)
  }
  const size = readMaxResults(call)
  const records: gmail_v1.Schema$History[] = []
  let nextPageToken: string | undefined
  for (const record of all) {
    if (record.id > page.upTo) break
    if (wanted !== undefined && !concerns(record, wanted)) continue
    const resource = historyResource(record, types)
    if (!resource) continue
    if (records.length === size) {
      nextPageToken = encodePageToken({
        after: Number(records.at(-1)?.id),
        upTo: page.upTo,
      } satisfies HistoryPage)
      break
    }
    records.push(resource)
  }
  return json({
    ...(records.length > 0 && { history: records }),
    ...(nextPageToken !== undefined && { nextPageToken }),
    historyId: upTo,
  } satisfies gmail_v1.Schema$ListHistoryResponse)
}

function isPage(value: unknown): value is HistoryPage {
  return typeof value === 'object' && value !== null && 'after' in value && 'upTo' in value
}

/** A message that just lost the label still concerns it. */
function concerns(record: HistoryRecord, label: string): boolean {
  return record.labels.includes(label) || record.labelsRemoved?.includes(label) === true
}

function historyResource(
  record: HistoryRecord,
  types: readonly string[],
): gmail_v1.Schema$History | undefined {
  const wants = (type: string): boolean => types.length === 0 || types.includes(type)
  const { messageId: id, threadId } = record
  const message: gmail_v1.Schema$Message = { id, threadId, labelIds: record.labels.map(toGoogle) }
  const resource: gmail_v1.Schema$History = { id: String(record.id), messages: [{ id, threadId }] }
  let any = false
  if (record.change === 'added' && wants('messageAdded')) {
    resource.messagesAdded = [{ message }]
    any = true
  }
  if (record.change === 'deleted' && wants('messageDeleted')) {
    resource.messagesDeleted = [{ message }]
    any = true
  }
  if (record.labelsAdded && wants('labelAdded')) {
    resource.labelsAdded = [{ message, labelIds: record.labelsAdded.map(toGoogle) }]
    any = true
  }
  if (record.labelsRemoved && wants('labelRemoved')) {
    resource.labelsRemoved = [{ message, labelIds: record.labelsRemoved.map(toGoogle) }]
    any = true
  }
  return any ? resource : undefined
}
