import { Router } from '../../http/router.ts'
import {
  addAttachment,
  deleteAttachment,
  getAttachment,
  getAttachmentBytes,
  listAttachments,
} from './attachments-call.ts'
import type { GraphCall } from './call.ts'
import { type Answering, createAnswer, createDraft, sendAnswer, sendDraft, sendMail } from './drafts.ts'
import { folderDelta } from './folder-delta.ts'
import { createFolder, deleteFolder, getFolder, listFolders, moveFolder, renameFolder } from './folders.ts'
import { getMe } from './me.ts'
import { messageDelta } from './message-delta.ts'
import {
  copyMessage,
  countMessages,
  deleteMessage,
  getMessage,
  getMime,
  listMessages,
  moveMessage,
  patchMessage,
  purgeMessage,
  translateIds,
} from './messages.ts'
import {
  createSubscription,
  deleteSubscription,
  getSubscription,
  listSubscriptions,
  patchSubscription,
  reauthorize,
} from './subscriptions-call.ts'

/** Graph's addresses below the version, as `canonicalPath` spells them. */
export function graphRoutes(): Router<GraphCall> {
  const router = new Router<GraphCall>()
    .on('GET', '/v1.0/me', getMe)
    .on('GET', '/v1.0/me/messages', listMessages)
    .on('POST', '/v1.0/me/messages', createDraft)
    .on('GET', '/v1.0/me/messages/$count', countMessages)
    .on('GET', '/v1.0/me/messages/:id', getMessage)
    .on('PATCH', '/v1.0/me/messages/:id', patchMessage)
    .on('DELETE', '/v1.0/me/messages/:id', deleteMessage)
    .on('GET', '/v1.0/me/messages/:id/$value', getMime)
    .on('POST', '/v1.0/me/messages/:id/send', sendDraft)
    .on('POST', '/v1.0/me/messages/:id/move', moveMessage)
    .on('POST', '/v1.0/me/messages/:id/copy', copyMessage)
    .on('POST', '/v1.0/me/messages/:id/permanentDelete', purgeMessage)
    .on('GET', '/v1.0/me/messages/:id/attachments', listAttachments)
    .on('POST', '/v1.0/me/messages/:id/attachments', addAttachment)
    .on('GET', '/v1.0/me/messages/:id/attachments/:attachment', getAttachment)
    .on('DELETE', '/v1.0/me/messages/:id/attachments/:attachment', deleteAttachment)
    .on('GET', '/v1.0/me/messages/:id/attachments/:attachment/$value', getAttachmentBytes)
    .on('POST', '/v1.0/me/sendMail', sendMail)
    .on('POST', '/v1.0/me/translateExchangeIds', translateIds)
    .on('GET', '/v1.0/me/mailFolders', listFolders)
    .on('POST', '/v1.0/me/mailFolders', createFolder)
    .on('GET', '/v1.0/me/mailFolders/delta', folderDelta)
    .on('GET', '/v1.0/me/mailFolders/:folder', getFolder)
    .on('PATCH', '/v1.0/me/mailFolders/:folder', renameFolder)
    .on('DELETE', '/v1.0/me/mailFolders/:folder', deleteFolder)
    .on('POST', '/v1.0/me/mailFolders/:folder/move', moveFolder)
    .on('GET', '/v1.0/me/mailFolders/:folder/childFolders', listFolders)
    .on('POST', '/v1.0/me/mailFolders/:folder/childFolders', createFolder)
    .on('GET', '/v1.0/me/mailFolders/:folder/messages', listMessages)
    .on('POST', '/v1.0/me/mailFolders/:folder/messages', createDraft)
    .on('GET', '/v1.0/me/mailFolders/:folder/messages/delta', messageDelta)
    .on('GET', '/v1.0/me/mailFolders/:folder/messages/$count', countMessages)
    .on('GET', '/v1.0/subscriptions', listSubscriptions)
    .on('POST', '/v1.0/subscriptions', createSubscription)
    .on('GET', '/v1.0/subscriptions/:id', getSubscription)
    .on('PATCH', '/v1.0/subscriptions/:id', patchSubscription)
    .on('DELETE', '/v1.0/subscriptions/:id', deleteSubscription)
    .on('POST', '/v1.0/subscriptions/:id/reauthorize', reauthorize)
  const answers: readonly (readonly [Answering, string])[] = [
    ['reply', 'createReply'],
    ['replyAll', 'createReplyAll'],
    ['forward', 'createForward'],
  ]
  for (const [kind, create] of answers) {
    router.on('POST', `/v1.0/me/messages/:id/${kind}`, (call, params) => sendAnswer(call, params, kind))
    router.on('POST', `/v1.0/me/messages/:id/${create}`, (call, params) => createAnswer(call, params, kind))
  }
  return router
}
