import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, noContent, type Reply } from '../../http/reply.ts'
import type { Mailbox } from '../../mailbox/mailbox.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { invalid, notFound } from '../errors.ts'
import { admit, type GmailCall, messageOf, readFormat, readJson, stringList } from './context.ts'
import { fromGoogle, toGoogle } from './labels.ts'
import { attachmentBytes, messageResource } from './message-resource.ts'

type Ids = Readonly<Record<string, string>>

export function getProfile(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'getProfile')
  const { mailbox } = call
  return json({
    emailAddress: mailbox.email,
    messagesTotal: mailbox.size,
    threadsTotal: mailbox.threadCount,
    historyId: String(mailbox.history.current),
  } satisfies gmail_v1.Schema$Profile)
}

export function getMessage(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'messages.get')
  const format = readFormat(call)
  return json(
    messageResource(call.mailbox, messageOf(call, id), format, call.request.query.getAll('metadataHeaders')),
  )
}

export function getAttachment(call: GmailCall, { userId = '', messageId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'read', 'attachments.get')
  const bytes = attachmentBytes(call.mailbox, messageOf(call, messageId), id)
  if (!bytes) return invalid('Invalid attachment token')
  const data = bytes.toString('base64url')
  return json({ size: bytes.length, data } satisfies gmail_v1.Schema$MessagePartBody)
}

/** Label changes of a modify body, checked: SENT and DRAFT are Gmail's own to set. */
export function readLabelChange(
  call: GmailCall,
  body: Record<string, unknown>,
): { add: string[]; remove: string[] } {
  const read = (name: string): string[] =>
    stringList(body[name], name, 100).map(id => {
      const label = fromGoogle(call.mailbox, id)
      if (label === undefined || label === 'sent' || label === 'draft') return invalid(`Invalid label: ${id}`)
      return label
    })
  const add = read('addLabelIds')
  const remove = read('removeLabelIds')
  if (add.length === 0 && remove.length === 0) invalid('No label add or removes specified')
  // Spam and trash leave the inbox; coming back to the inbox leaves them.
  if (add.includes('spam') || add.includes('trash')) remove.push('inbox')
  if (add.includes('inbox')) remove.push('spam', 'trash')
  return { add, remove }
}

function answer(mailbox: Mailbox, message: StoredMessage): Reply {
  return json({
    id: message.id,
    threadId: message.threadId,
    labelIds: (mailbox.get(message.id) ?? message).labels.map(toGoogle),
  })
}

export function modifyMessage(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'messages.modify')
  const message = messageOf(call, id)
  const { add, remove } = readLabelChange(call, readJson(call))
  call.mailbox.relabel([id], add, remove)
  return answer(call.mailbox, message)
}

export function trashMessage(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'messages.trash')
  const message = messageOf(call, id)
  call.mailbox.relabel([id], ['trash'], ['inbox', 'spam'])
  return answer(call.mailbox, message)
}

export function untrashMessage(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'messages.untrash')
  const message = messageOf(call, id)
  call.mailbox.relabel([id], [], ['trash'])
  return answer(call.mailbox, message)
}

export function deleteMessage(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'full', 'messages.delete')
  messageOf(call, id)
  call.mailbox.remove([id], draftsOf(call, [id]))
  return noContent
}

/** 204 whatever was found: batch calls promise nothing about single ids. */
export function batchModify(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'messages.batch')
  const body = readJson(call)
  const ids = readIds(body)
  const { add, remove } = readLabelChange(call, body)
  call.mailbox.relabel(ids, add, remove)
  return noContent
}

export function batchDelete(call: GmailCall, { userId = '' }: Ids): Reply {
  admit(call, userId, 'full', 'messages.batch')
  const ids = readIds(readJson(call))
  call.mailbox.remove(ids, draftsOf(call, ids))
  return noContent
}

function readIds(body: Record<string, unknown>): string[] {
  const ids = stringList(body.ids, 'ids', 1000)
  return ids.length > 0 ? ids : invalid('No message ids specified')
}

/** Ops that drop the drafts whose message goes away. */
export function draftsOf(
  call: GmailCall,
  messageIds: readonly string[],
): ReturnType<Mailbox['drafts']['del']>[] {
  const { drafts } = call.mailbox
  return [...drafts.values()]
    .filter(draft => messageIds.includes(draft.messageId))
    .map(draft => drafts.del(draft.id))
}

export function threadOf(call: GmailCall, id: string): StoredMessage[] {
  const messages = call.mailbox.thread(id)
  return messages.length > 0 ? messages : notFound()
}

export type { Ids }
