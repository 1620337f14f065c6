import { Router } from '../../http/router.ts'
import type { GmailCall } from './context.ts'
import { createDraft, deleteDraft, getDraft, listDrafts, sendDraft, updateDraft } from './drafts.ts'
import { listHistory } from './history.ts'
import { changeLabel, createLabel, deleteLabel, getLabel, listLabels } from './labels-call.ts'
import { listMessages, listThreads } from './list.ts'
import * as messages from './messages.ts'
import { deleteThread, getThread, modifyThread, trashThread, untrashThread } from './threads.ts'
import { stop, watch } from './watch-call.ts'
import { importMessage, insertMessage, sendMessage } from './write.ts'

const USER = '/gmail/v1/users/:userId'

/** Every Gmail method that is simulated; the upload twins take media bodies. */
export function gmailRoutes(): Router<GmailCall> {
  const router = new Router<GmailCall>()
    .on('GET', `${USER}/profile`, messages.getProfile)
    .on('POST', `${USER}/watch`, watch)
    .on('POST', `${USER}/stop`, stop)
    .on('GET', `${USER}/history`, (call, { userId = '' }) => listHistory(call, userId))
    .on('GET', `${USER}/messages`, (call, { userId = '' }) => listMessages(call, userId))
    .on('POST', `${USER}/messages/batchModify`, messages.batchModify)
    .on('POST', `${USER}/messages/batchDelete`, messages.batchDelete)
    .on('GET', `${USER}/messages/:id`, messages.getMessage)
    .on('DELETE', `${USER}/messages/:id`, messages.deleteMessage)
    .on('POST', `${USER}/messages/:id/modify`, messages.modifyMessage)
    .on('POST', `${USER}/messages/:id/trash`, messages.trashMessage)
    .on('POST', `${USER}/messages/:id/untrash`, messages.untrashMessage)
    .on('GET', `${USER}/messages/:messageId/attachments/:id`, messages.getAttachment)
    .on('GET', `${USER}/threads`, (call, { userId = '' }) => listThreads(call, userId))
    .on('GET', `${USER}/threads/:id`, getThread)
    .on('DELETE', `${USER}/threads/:id`, deleteThread)
    .on('POST', `${USER}/threads/:id/modify`, modifyThread)
    .on('POST', `${USER}/threads/:id/trash`, trashThread)
    .on('POST', `${USER}/threads/:id/untrash`, untrashThread)
    .on('GET', `${USER}/labels`, listLabels)
    .on('POST', `${USER}/labels`, createLabel)
    .on('GET', `${USER}/labels/:id`, getLabel)
    .on('PUT', `${USER}/labels/:id`, changeLabel)
    .on('PATCH', `${USER}/labels/:id`, changeLabel)
    .on('DELETE', `${USER}/labels/:id`, deleteLabel)
    .on('GET', `${USER}/drafts`, listDrafts)
    .on('GET', `${USER}/drafts/:id`, getDraft)
    .on('DELETE', `${USER}/drafts/:id`, deleteDraft)
  for (const prefix of [USER, `/upload${USER}`]) {
    router
      .on('POST', `${prefix}/messages`, insertMessage)
      .on('POST', `${prefix}/messages/import`, importMessage)
      .on('POST', `${prefix}/messages/send`, sendMessage)
      .on('POST', `${prefix}/drafts`, createDraft)
      .on('POST', `${prefix}/drafts/send`, sendDraft)
      .on('PUT', `${prefix}/drafts/:id`, updateDraft)
  }
  return router
}
