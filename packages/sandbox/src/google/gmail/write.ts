import { json, type Reply } from '../../http/reply.ts'
import { indexHeaders } from '../../mailbox/header-index.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { invalid } from '../errors.ts'
import { admit, type GmailCall, stringList } from './context.ts'
import { fromGoogle, toGoogle } from './labels.ts'
import type { Ids } from './messages.ts'
import { rewriteForSending } from './outgoing.ts'
import { readUpload } from './upload.ts'

/** Gmail's bound on a message with its attachments. */
const MAX_RAW_BYTES = 36_700_160

/** The message of an insert, import, send or draft body: raw bytes and the fields beside them. */
export function readMessage(call: GmailCall): { raw: Buffer; threadId?: string; labelIds: string[] } {
  const { metadata, media } = readUpload(call.request)
  const inner = metadata.message
  const message = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : metadata
  const text = message.raw
  const raw =
    media ??
    (typeof text === 'string'
      ? Buffer.from(text, 'base64')
      : invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required"))
  if (raw.length === 0)
    invalid("'raw' RFC822 payload message string or uploading message via /upload/* URL required")
  if (raw.length > MAX_RAW_BYTES)
    invalid(`Message of ${raw.length} bytes is over the limit of ${MAX_RAW_BYTES}`, 'uploadTooLarge')
  const { threadId } = message
  if (typeof threadId === 'string' && threadId !== '' && call.mailbox.thread(threadId).length === 0)
    invalid('Invalid threadId')
  return {
    raw,
    labelIds: stringList(message.labelIds, 'labelIds', 100),
    ...(typeof threadId === 'string' && threadId !== '' && { threadId }),
  }
}

export function insertMessage(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'insert', 'messages.insert')
  return store(call, 'receivedTime')
}

/** Import files like a delivery: the inbox unless labels are given, dated by the Date header. */
export function importMessage(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'insert', 'messages.insert')
  return store(call, 'dateHeader', ['inbox', 'unread'])
}

function store(call: GmailCall, dateSource: string, defaults: string[] = []): Reply {
  const { raw, threadId, labelIds } = readMessage(call)
  const source = call.request.query.get('internalDateSource') ?? dateSource
  const now = call.google.clock.now()
  const header = indexHeaders(raw).date
  const date = source === 'dateHeader' && header > 0 && header < now + 24 * 3600_000 ? header : now
  const given = labelIds.map(id => fromGoogle(call.mailbox, id) ?? invalid(`Invalid label: ${id}`))
  const labels = given.length > 0 ? given : defaults
  return answer(call.mailbox.add({ raw, labels, date, ...(threadId && { threadId }) }))
}

export function sendMessage(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'send', 'messages.send')
  const { raw, threadId } = readMessage(call)
  return answer(send(call, raw, threadId))
}

/** Files under SENT and delivers to the accounts of this sandbox; others vanish as into the world. */
export function send(call: GmailCall, raw: Buffer, threadId?: string): StoredMessage {
  const now = call.google.clock.now()
  const outgoing = rewriteForSending(raw, call.mailbox.account, now)
  if (outgoing.recipients.length === 0) invalid('Recipient address required')
  const sent = call.mailbox.add({
    raw: outgoing.raw,
    labels: ['sent'],
    date: now,
    ...(threadId && { threadId }),
  })
  call.google.post.send(outgoing.raw, outgoing.recipients)
  return sent
}

export function answer(message: StoredMessage): Reply {
  return json({ id: message.id, threadId: message.threadId, labelIds: message.labels.map(toGoogle) })
}
