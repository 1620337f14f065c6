import type { Fetched, PulledMessage } from '@inlet/sync/provider-port'

/** A message as a fake mailbox makes it up; later versions arrived later. */
export function fakeMessage(
  id: string,
  version: bigint,
  more: Partial<PulledMessage> & Pick<PulledMessage, 'labelIds'>,
): PulledMessage {
  return {
    id,
    threadId: `t-${id}`,
    version,
    subject: `Message ${id}`,
    from: { name: 'Ada', email: 'ada@example.com' },
    to: [{ name: '', email: 'me@example.com' }],
    cc: [],
    bcc: [],
    replyTo: [],
    snippet: `Snippet of ${id}`,
    receivedAt: 1_700_000_000_000 + Number(version) * 1_000,
    sentAt: null,
    unread: true,
    starred: false,
    draft: false,
    sizeBytes: 1_000,
    messageIdHeader: `<${id}@example.com>`,
    inReplyTo: null,
    references: [],
    attachments: [],
    body: { html: null, text: `Text of ${id}`, warning: null },
    ...more,
  }
}

/** A copy as fetching gives it. */
export function asFetched(message: PulledMessage, bodies: boolean): PulledMessage {
  return structuredClone(bodies ? message : { ...message, body: null })
}

export function unreadable(id: string): Fetched {
  return {
    id,
    outcome: 'failed',
    code: 'unparsable',
    message: `Message ${id} cannot be read.`,
    retryAt: null,
  }
}
