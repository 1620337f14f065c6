import type { Recipient } from '@microsoft/microsoft-graph-types'
import { escapeHtml } from '../../google/oauth/consent-page.ts'
import type { Reply } from '../../http/reply.ts'
import type { Params } from '../../http/router.ts'
import { headerValue } from '../../mime/headers.ts'
import { badRequest } from '../errors.ts'
import type { StoredItem } from '../mailbox/types.ts'
import { bodyOf } from '../message/body.ts'
import { type Composed, composeMime, emptyMessage, filesOf } from '../message/compose.ts'
import { recipientsOf } from '../message/recipients.ts'
import {
  admit,
  draftOf,
  type Fields,
  folderOf,
  type GraphCall,
  isFields,
  messageOf,
  readJson,
} from './call.ts'
import { readMarks, text, withMessage } from './message-input.ts'
import { messageReply } from './messages.ts'

const accepted: Reply = { status: 202 }

/** A body in MIME instead of JSON: base64 of the message, sent as plain text. */
function mimeBody(call: GraphCall): Buffer | undefined {
  const type = call.request.headers['content-type'] ?? ''
  if (!/^text\/plain\b/i.test(type)) return undefined
  const raw = Buffer.from(call.request.body.toString('latin1'), 'base64')
  return raw.length > 0
    ? raw
    : badRequest('Invalid base64 string for MIME content.', 'ErrorMimeContentInvalidBase64String')
}

/** `POST /me/messages` or a folder's: a draft, from JSON or MIME. */
export function createDraft(call: GraphCall, { folder }: Params): Reply {
  admit(call, 'write')
  const key = folder === undefined ? 'drafts' : folderOf(call, folder).key
  const mime = mimeBody(call)
  if (mime) return messageReply(call, addDraft(call, mime, key, {}), 201)
  const body = readJson(call)
  const fields = withMessage(emptyMessage(call.mailbox.account), body)
  return messageReply(call, addDraft(call, compose(call, fields), key, body), 201)
}

function compose(call: GraphCall, fields: Composed): Buffer {
  return composeMime(fields, call.microsoft.clock.now())
}

function addDraft(call: GraphCall, raw: Buffer, folder: string, body: Fields, threadId?: string): StoredItem {
  const { read = true, ...also } = readMarks(body)
  const date = call.microsoft.clock.now()
  const thread = threadId === undefined ? {} : { threadId }
  return call.mailbox.add({ raw, folder, date, read, draft: true, also, ...thread })
}

export function sendDraft(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'send')
  call.microsoft.outbox.sendDraft(call.mailbox, draftOf(call, id))
  return accepted
}

/** `POST /me/sendMail`: 202 without an id. */
export function sendMail(call: GraphCall): Reply {
  admit(call, 'send')
  const mime = mimeBody(call)
  if (mime) {
    call.microsoft.outbox.sendRaw(call.mailbox, mime, true)
    return accepted
  }
  const body = readJson(call)
  const message = isFields(body.message)
    ? body.message
    : badRequest("The 'message' parameter is missing.", 'ErrorInvalidParameter')
  const raw = compose(call, withMessage(emptyMessage(call.mailbox.account), message))
  call.microsoft.outbox.sendRaw(call.mailbox, raw, body.saveToSentItems !== false)
  return accepted
}

export type Answering = 'reply' | 'replyAll' | 'forward'

/** `createReply`, `createReplyAll`, `createForward`: 201 with the draft. */
export function createAnswer(call: GraphCall, { id = '' }: Params, kind: Answering): Reply {
  admit(call, 'write')
  const original = messageOf(call, id)
  const draft = addDraft(call, answerTo(call, original, kind), 'drafts', {}, threadOf(original, kind))
  return messageReply(call, draft, 201)
}

/** `reply`, `replyAll`, `forward`: sent at once, 202. */
export function sendAnswer(call: GraphCall, { id = '' }: Params, kind: Answering): Reply {
  admit(call, 'send')
  const original = messageOf(call, id)
  const raw = answerTo(call, original, kind)
  call.microsoft.outbox.sendRaw(call.mailbox, raw, true, threadOf(original, kind))
  return accepted
}

function threadOf(original: StoredItem, kind: Answering): string | undefined {
  return kind === 'forward' ? undefined : original.threadId
}

function answerTo(call: GraphCall, original: StoredItem, kind: Answering): Buffer {
  const body = readJson(call)
  const message = isFields(body.message) ? body.message : {}
  if (body.comment !== undefined && message.body !== undefined) {
    badRequest('Specify either comment or the body of message, not both.', 'ErrorInvalidRequest')
  }
  const parsed = call.mailbox.parsed(original)
  const self = call.mailbox.account
  const others = (list: Recipient[]): Recipient[] =>
    list.filter(({ emailAddress }) => emailAddress?.address?.toLowerCase() !== self.email)
  const from = recipientsOf(parsed, 'from')
  const replyTo = recipientsOf(parsed, 'reply-to')
  const sender = replyTo.length > 0 ? replyTo : from
  const references = [headerValue(parsed.root.headers, 'references') ?? '', original.index.messageId]
  const fields: Composed = {
    ...emptyMessage(self),
    subject: `${kind === 'forward' ? 'FW' : 'RE'}: ${original.index.subject.replace(/^\s*((re|fw|fwd)\s*:\s*)+/i, '')}`,
    to:
      kind === 'forward'
        ? []
        : kind === 'reply'
          ? sender
          : [...sender, ...others(recipientsOf(parsed, 'to'))],
    cc: kind === 'replyAll' ? others(recipientsOf(parsed, 'cc')) : [],
    headers:
      original.index.messageId === ''
        ? []
        : [
            ['In-Reply-To', original.index.messageId],
            ['References', references.join(' ').trim()],
          ],
    files: kind === 'forward' ? filesOf(parsed) : [],
    body: {
      contentType: 'html',
      content: quoting(call, original, body.comment === undefined ? '' : text(body.comment, 'comment')),
    },
  }
  const to = body.toRecipients === undefined ? {} : { toRecipients: body.toRecipients }
  return compose(call, withMessage(fields, { ...to, ...message }))
}

function quoting(call: GraphCall, original: StoredItem, comment: string): string {
  const parsed = call.mailbox.parsed(original)
  const who = recipientsOf(parsed, 'from')[0]?.emailAddress
  const lines = [
    `<b>From:</b> ${escapeHtml(`${who?.name ?? ''} <${who?.address ?? ''}>`)}`,
    `<b>Sent:</b> ${new Date(original.sent).toUTCString()}`,
    `<b>Subject:</b> ${escapeHtml(original.index.subject)}`,
  ]
  const { content } = bodyOf(parsed, { ...call.prefer, bodyType: 'html', unsafeHtml: false })
  const shown = escapeHtml(comment).replace(/\r?\n/g, '<br>')
  return `<html><body><div>${shown}</div><hr><div id="divRplyFwdMsg">${lines.join('<br>')}</div><br>${content ?? ''}</body></html>`
}
