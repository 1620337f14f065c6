import type { Address } from '@inlet/protocol/entities'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { OutgoingMail } from '@inlet/sync/provider-port'
import { CLIENT_ID_HEADER } from '../send-memory.ts'

/** Graph takes requests of 4 MB. */
const JSON_MAX_BYTES = 3_500_000

/**
 * A property of our own on the message. Unlike headers, which Exchange does not keep with what it has sent, it stays
 * with the copy in Sent Items.
 */
export const CLIENT_ID_PROPERTY = 'String {6a1f5d0c-3b57-4e0f-9a44-2f8f1c7be3d1} Name InletClientId'

/** What a draft holds, and each time it is saved again. */
export function draftContent(mail: OutgoingMail): Record<string, unknown> {
  const content = {
    subject: mail.subject,
    body:
      mail.html === null
        ? { contentType: 'text', content: mail.text }
        : { contentType: 'html', content: mail.html },
    from: recipient(mail.from),
    toRecipients: mail.to.map(recipient),
    ccRecipients: mail.cc.map(recipient),
    bccRecipients: mail.bcc.map(recipient),
  }
  const bytes = Buffer.byteLength(JSON.stringify(content))
  if (bytes > JSON_MAX_BYTES)
    throw new ProviderError(
      'permanent',
      `The message has ${bytes} bytes; Outlook takes at most ${JSON_MAX_BYTES}. Make it smaller.`,
    )
  return content
}

/** What is given to a draft once, and finds it again: three traces, as each of them is lost in some way of sending. */
export function draftTraces(trace: { token: string; messageId: string }): Record<string, unknown> {
  return {
    internetMessageId: trace.messageId,
    internetMessageHeaders: [{ name: CLIENT_ID_HEADER, value: trace.token }],
    singleValueExtendedProperties: [{ id: CLIENT_ID_PROPERTY, value: trace.token }],
  }
}

const recipient = ({ name, email }: Address) => ({ emailAddress: { address: email, ...(name && { name }) } })
