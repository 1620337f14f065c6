import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, noContent, type Reply } from '../../http/reply.ts'
import type { StoredDraft, StoredMessage } from '../../mailbox/types.ts'
import { invalid, notFound } from '../errors.ts'
import {
  admit,
  decodePageToken,
  encodePageToken,
  type GmailCall,
  readFormat,
  readMaxResults,
} from './context.ts'
import { toGoogle } from './labels.ts'
import { messageResource } from './message-resource.ts'
import type { Ids } from './messages.ts'
import { parseQuery } from './search.ts'
import { readUpload } from './upload.ts'
import { answer, readMessage, send } from './write.ts'

export function listDrafts(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'read', 'drafts.list')
  const from = decodePageToken(call, (value): value is number => typeof value === 'number') ?? 0
  const size = readMaxResults(call)
  const { test } = parseQuery(call.mailbox, call.request.query.get('q') ?? '', call.google.clock.now())
  const all = [...call.mailbox.drafts.values()]
    .flatMap(draft => {
      const message = call.mailbox.get(draft.messageId)
      return message && test(message) ? [{ draft, message }] : []
    })
    .sort((a, b) => b.message.date - a.message.date)
  const page = all.slice(from, from + size)
  return json({
    ...(page.length > 0 && {
      drafts: page.map(({ draft, message }) => ({
        id: draft.id,
        message: { id: message.id, threadId: message.threadId },
      })),
    }),
    ...(all.length > from + size && { nextPageToken: encodePageToken(from + size) }),
    resultSizeEstimate: all.length,
  } satisfies gmail_v1.Schema$ListDraftsResponse)
}

export function getDraft(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'read', 'drafts.get')
  const format = readFormat(call)
  const { draft, message } = draftOf(call, id)
  return json({
    id: draft.id,
    message: messageResource(call.mailbox, message, format),
  } satisfies gmail_v1.Schema$Draft)
}

export function createDraft(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'compose', 'drafts.write')
  const { raw, threadId } = readMessage(call)
  const message = addDraftMessage(call, `r${newDraftNumber(call)}`, raw, threadId)
  const draft = [...call.mailbox.drafts.values()].find(d => d.messageId === message.id)
  return json(draftResource(draft?.id ?? '', message))
}

/** The draft keeps its id; its message is deleted and a new one with a new id takes its place. */
export function updateDraft(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'compose', 'drafts.update')
  const { draft, message: old } = draftOf(call, id)
  const { raw, threadId } = readMessage(call)
  const message = addDraftMessage(call, draft.id, raw, threadId ?? old.threadId)
  call.mailbox.remove([old.id])
  return json(draftResource(draft.id, message))
}

export function deleteDraft(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'compose', 'drafts.write')
  const { draft, message } = draftOf(call, id)
  call.mailbox.remove([message.id], [call.mailbox.drafts.del(draft.id)])
  return noContent
}

export function sendDraft(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'compose', 'messages.send')
  const { metadata } = readUpload(call.request)
  const id = metadata.id
  if (typeof id !== 'string') return invalid('Draft id is required')
  const { draft, message } = draftOf(call, id)
  const replaced = typeof metadata.message === 'object' && metadata.message !== null
  const raw = replaced ? readMessage(call).raw : call.mailbox.raw(message)
  const sent = send(call, raw, message.threadId)
  call.mailbox.remove([message.id], [call.mailbox.drafts.del(draft.id)])
  return answer(sent)
}

function addDraftMessage(call: GmailCall, draftId: string, raw: Buffer, threadId?: string): StoredMessage {
  return call.mailbox.add(
    { raw, labels: ['draft'], date: call.google.clock.now(), ...(threadId && { threadId }) },
    added => [call.mailbox.drafts.put(draftId, { id: draftId, messageId: added.id })],
  )
}

function newDraftNumber(call: GmailCall): string {
  let number = BigInt(call.google.clock.now()) * 1_000_000n + BigInt(call.mailbox.history.current % 1_000_000)
  while (call.mailbox.drafts.has(`r${number}`)) number++
  return String(number)
}

function draftOf(call: GmailCall, id: string): { draft: StoredDraft; message: StoredMessage } {
  const draft = call.mailbox.drafts.get(id) ?? notFound()
  return { draft, message: call.mailbox.get(draft.messageId) ?? notFound() }
}

function draftResource(id: string, message: StoredMessage): gmail_v1.Schema$Draft {
  return {
    id,
    message: { id: message.id, threadId: message.threadId, labelIds: message.labels.map(toGoogle) },
  }
}
