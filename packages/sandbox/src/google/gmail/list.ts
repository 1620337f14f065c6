import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, type Reply } from '../../http/reply.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { snippetOf } from '../../mime/snippet.ts'
import { forbidden, invalid } from '../errors.ts'
import {
  admit,
  decodePageToken,
  encodePageToken,
  type GmailCall,
  metadataOnly,
  readMaxResults,
} from './context.ts'
import { fromGoogle } from './labels.ts'
import { parseQuery } from './search.ts'

interface Position {
  date: number
  id: string
}

/** The call's filters as one test: labelIds are ANDed, spam and trash hidden unless asked for. */
function filterOf(call: GmailCall): (message: StoredMessage) => boolean {
  const { query } = call.request
  const q = query.get('q') ?? ''
  if (q !== '' && metadataOnly(call)) forbidden("Metadata scope does not support 'q' parameter")
  const labels = query
    .getAll('labelIds')
    .map(id => fromGoogle(call.mailbox, id) ?? invalid(`Invalid label: ${id}`))
  const search = parseQuery(call.mailbox, q, call.google.clock.now())
  const hidden =
    query.get('includeSpamTrash') === 'true' || search.anywhere
      ? []
      : ['spam', 'trash'].filter(label => !labels.includes(label))
  return message =>
    labels.every(label => message.labels.includes(label)) &&
    !hidden.some(label => message.labels.includes(label)) &&
    search.test(message)
}

function isPosition(value: unknown): value is Position {
  return typeof value === 'object' && value !== null && 'date' in value && 'id' in value
}

/** One page of messages, newest first, and whether more follow. */
function readPage(call: GmailCall): { page: StoredMessage[]; next: string | undefined; estimate: number } {
  const size = readMaxResults(call)
  const test = filterOf(call)
  const from = decodePageToken(call, isPosition)
  const page: StoredMessage[] = []
  for (const message of call.mailbox.newestFirst(from)) {
    if (!test(message)) continue
    if (page.length === size) {
      const last = page.at(-1)
      const next = last && encodePageToken({ date: last.date, id: last.id } satisfies Position)
      // Gmail's estimate is known to be rough; 201 is what it answers for "more than this page".
      return { page, next, estimate: Math.max(201, page.length) }
    }
    page.push(message)
  }
  return { page, next: undefined, estimate: page.length }
}

export function listMessages(call: GmailCall, userId: string): Reply {
  admit(call, userId, 'metadata', 'messages.list')
  const { page, next, estimate } = readPage(call)
  return json({
    ...(page.length > 0 && { messages: page.map(({ id, threadId }) => ({ id, threadId })) }),
    ...(next !== undefined && { nextPageToken: next }),
    resultSizeEstimate: estimate,
  } satisfies gmail_v1.Schema$ListMessagesResponse)
}

/** Threads in the order of their newest matching message; a page token remembers the last one shown. */
export function listThreads(call: GmailCall, userId: string): Reply {
  admit(call, userId, 'metadata', 'threads.list')
  const size = readMaxResults(call)
  const test = filterOf(call)
  const from = decodePageToken(call, isPosition)
  const threads: gmail_v1.Schema$Thread[] = []
  const seen = new Set<string>()
  let last: Position | undefined
  let next: string | undefined
  for (const message of call.mailbox.newestFirst(from)) {
    if (seen.has(message.threadId) || !test(message)) continue
    seen.add(message.threadId)
    const thread = call.mailbox.thread(message.threadId)
    const newest = thread.findLast(test)
    // Shown on an earlier page already, by a newer message.
    if (newest?.id !== message.id) continue
    if (threads.length === size) {
      next = encodePageToken(last)
      break
    }
    last = { date: message.date, id: message.id }
    const history = Math.max(...thread.map(m => m.history))
    threads.push({
      id: message.threadId,
      snippet: snippetOf(call.mailbox.parsed(message)),
      historyId: String(history),
    })
  }
  return json({
    ...(threads.length > 0 && { threads }),
    ...(next !== undefined && { nextPageToken: next }),
    resultSizeEstimate: next === undefined ? threads.length : Math.max(201, threads.length),
  } satisfies gmail_v1.Schema$ListThreadsResponse)
}
