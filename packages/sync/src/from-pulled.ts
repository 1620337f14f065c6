import type { MessageWrite } from './plan.ts'
import type { PulledMessage } from './provider-port.ts'
import { rowId } from './row-id.ts'

/** What the provider said of a message, as the row that is written if nothing newer is stored. */
export function fromPulled(
  accountId: string,
  message: PulledMessage,
  labelOf: (providerId: string) => string,
): MessageWrite {
  return {
    row: {
      id: rowId(accountId, 'message', message.id),
      accountId,
      threadId: rowId(accountId, 'thread', message.threadId),
      subject: message.subject,
      from: message.from,
      to: message.to,
      cc: message.cc,
      snippet: message.snippet,
      receivedAt: message.receivedAt,
      unread: message.unread,
      starred: message.starred,
      draft: message.draft,
      labelIds: message.labelIds.map(labelOf).sort(),
      attachmentCount: message.attachments.filter(part => !part.inline).length,
      sizeBytes: message.sizeBytes,
      messageIdHeader: message.messageIdHeader,
    },
    providerId: message.id,
    threadProviderId: message.threadId,
    version: message.version,
    sentAt: message.sentAt,
    inReplyTo: message.inReplyTo,
    references: message.references,
    bcc: message.bcc,
    replyTo: message.replyTo,
    hasBody: message.body !== null,
    body: message.body,
    attachments: message.attachments.map(part => ({
      ...part,
      id: rowId(accountId, 'attachment', `${message.id}\n${part.partId}`),
    })),
  }
}
