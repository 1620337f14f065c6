import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import { json, noContent, type Reply } from '../../http/reply.ts'
import { admit, type GmailCall, readFormat, readJson } from './context.ts'
import { toGoogle } from './labels.ts'
import { messageResource } from './message-resource.ts'
import { draftsOf, type Ids, readLabelChange, threadOf } from './messages.ts'

export function getThread(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'metadata', 'threads.get')
  const format = readFormat(call)
  const headers = call.request.query.getAll('metadataHeaders')
  const messages = threadOf(call, id)
  return json({
    id,
    historyId: String(Math.max(...messages.map(message => message.history))),
    messages: messages.map(message => messageResource(call.mailbox, message, format, headers)),
  } satisfies gmail_v1.Schema$Thread)
}

export function modifyThread(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'threads.modify')
  const { add, remove } = readLabelChange(call, readJson(call))
  return relabel(call, id, add, remove)
}

export function trashThread(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'threads.trash')
  return relabel(call, id, ['trash'], ['inbox', 'spam'])
}

export function untrashThread(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'modify', 'threads.modify')
  return relabel(call, id, [], ['trash'])
}

export function deleteThread(call: GmailCall, { userId = '', id = '' }: Ids): Reply {
  admit(call, userId, 'full', 'threads.trash')
  const ids = threadOf(call, id).map(message => message.id)
  call.mailbox.remove(ids, draftsOf(call, ids))
  return noContent
}

function relabel(call: GmailCall, threadId: string, add: string[], remove: string[]): Reply {
  const ids = threadOf(call, threadId).map(message => message.id)
  call.mailbox.relabel(ids, add, remove)
  const messages = threadOf(call, threadId)
  return json({
    id: threadId,
    messages: messages.map(m => ({ id: m.id, threadId, labelIds: m.labels.map(toGoogle) })),
  })
}
