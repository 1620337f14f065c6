import { randomUUID } from 'node:crypto'
import type { ItemBody, Recipient } from '@microsoft/microsoft-graph-types'
import { headerText } from '../../generate/charsets.ts'
import { type Entity, fileEntity, multipart, textEntity, writeEntity } from '../../generate/mime-builder.ts'
import { decodeHeader, headerValue } from '../../mime/headers.ts'
import { type ParsedMessage, partBytes, partText } from '../../mime/parse.ts'
import { attachmentParts, contentId, isInline } from './attachments.ts'
import { bodyPart } from './body.ts'
import { recipientsOf } from './recipients.ts'

export interface ComposedFile {
  name: string
  type: string
  bytes: Buffer
  contentId: string | null
}

/** A message as a person writes it; `composeMime` and `fieldsOf` turn it into bytes and back. */
export interface Composed {
  messageId: string
  subject: string
  body: Required<Pick<ItemBody, 'contentType' | 'content'>>
  from: Recipient[]
  to: Recipient[]
  cc: Recipient[]
  bcc: Recipient[]
  replyTo: Recipient[]
  /** Threading headers and the sender's own `x-` ones. */
  headers: [name: string, value: string][]
  files: ComposedFile[]
}

export function emptyMessage(from: { name: string; email: string }): Composed {
  return {
    messageId: `<${randomUUID().replaceAll('-', '').toUpperCase()}@outlook.sandbox.inlet.test>`,
    subject: '',
    body: { contentType: 'text', content: '' },
    from: [{ emailAddress: { name: from.name, address: from.email } }],
    to: [],
    cc: [],
    bcc: [],
    replyTo: [],
    headers: [],
    files: [],
  }
}

const KEPT_HEADERS = /^(x-|in-reply-to$|references$)/i

/** The fields of a message that exists as bytes, so that a draft can be changed whatever it was made of. */
export function fieldsOf(message: ParsedMessage): Composed {
  const { headers } = message.root
  const html = bodyPart(message, 'text/html')
  const plain = bodyPart(message, 'text/plain')
  const content = html ?? plain
  return {
    messageId: headerValue(headers, 'message-id') ?? '',
    subject: decodeHeader(headerValue(headers, 'subject') ?? ''),
    body: { contentType: html ? 'html' : 'text', content: content ? partText(message, content) : '' },
    from: recipientsOf(message, 'from'),
    to: recipientsOf(message, 'to'),
    cc: recipientsOf(message, 'cc'),
    bcc: recipientsOf(message, 'bcc'),
    replyTo: recipientsOf(message, 'reply-to'),
    headers: headers
      .filter(({ name }) => KEPT_HEADERS.test(name))
      .map(({ name, value }) => [name, decodeHeader(value)]),
    files: filesOf(message),
  }
}

export function filesOf(message: ParsedMessage): ComposedFile[] {
  return attachmentParts(message).map(part => ({
    name: part.filename || 'attachment',
    type: part.mimeType,
    bytes: partBytes(message, part),
    contentId: isInline(part) ? contentId(part) : null,
  }))
}

export function composeMime(fields: Composed, date: number): Buffer {
  const headers: [string, string][] = []
  const add = (name: string, value: string): void => {
    if (value !== '') headers.push([name, value])
  }
  add('From', addressList(fields.from))
  add('To', addressList(fields.to))
  add('Cc', addressList(fields.cc))
  add('Bcc', addressList(fields.bcc))
  add('Reply-To', addressList(fields.replyTo))
  add('Subject', headerText(oneLine(fields.subject)))
  add('Message-ID', fields.messageId)
  add('Date', new Date(date).toUTCString().replace('GMT', '+0000'))
  for (const [name, value] of fields.headers) add(name, headerText(oneLine(value)))
  add('MIME-Version', '1.0')
  const { contentType, content } = fields.body
  const text = textEntity(content ?? '', { type: contentType === 'html' ? 'text/html' : 'text/plain' })
  const files = fields.files.map(({ name, type, bytes, contentId: id }) =>
    fileEntity(oneLine(name).replaceAll('"', "'"), type, bytes, id ?? undefined),
  )
  const whole: Entity =
    files.length === 0 ? text : multipart('mixed', `_000_${randomUUID()}_`, [text, ...files])
  return writeEntity(whole, headers)
}

/** Header values must stay on their line, whatever a client sends. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ')
}

function addressList(recipients: readonly Recipient[]): string {
  return recipients
    .flatMap(({ emailAddress }) => {
      const address = oneLine(emailAddress?.address ?? '')
      const name = oneLine(emailAddress?.name ?? '')
      if (address === '') return []
      if (name === '' || name === address) return [`<${address}>`]
      const plain = /^[\x20-\x7e]*$/.test(name)
      return [`${plain ? `"${name.replace(/["\\]/g, '\\$&')}"` : headerText(name)} <${address}>`]
    })
    .join(',\r\n ')
}
