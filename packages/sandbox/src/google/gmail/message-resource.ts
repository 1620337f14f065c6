import { randomBytes } from 'node:crypto'
import type { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'
import type { Mailbox } from '../../mailbox/mailbox.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { decodeHeader, type Header } from '../../mime/headers.ts'
import { type MimePart, type ParsedMessage, partBytes, partText, walkParts } from '../../mime/parse.ts'
import { snippetOf } from '../../mime/snippet.ts'
import { toGoogle } from './labels.ts'

export type Format = 'full' | 'metadata' | 'minimal' | 'raw'

/** Text longer than this travels as an attachment id, like a file. */
const INLINE_TEXT_BYTES = 1024 * 1024

export function messageResource(
  mailbox: Mailbox,
  message: StoredMessage,
  format: Format,
  metadataHeaders: readonly string[] = [],
): gmail_v1.Schema$Message {
  const parsed = mailbox.parsed(message)
  const resource: gmail_v1.Schema$Message = {
    id: message.id,
    threadId: message.threadId,
    labelIds: message.labels.map(toGoogle),
    snippet: escapeSnippet(snippetOf(parsed)),
    sizeEstimate: message.size,
    historyId: String(message.history),
    internalDate: String(message.date),
  }
  if (format === 'raw') return { ...resource, raw: parsed.raw.toString('base64url') }
  if (format === 'metadata') {
    const wanted = new Set(metadataHeaders.map(name => name.toLowerCase()))
    const headers = parsed.root.headers.filter(h => wanted.size === 0 || wanted.has(h.name.toLowerCase()))
    return { ...resource, payload: { mimeType: parsed.root.mimeType, headers: headers.map(headerResource) } }
  }
  return format === 'full'
    ? { ...resource, payload: partResource(message.id, parsed, parsed.root) }
    : resource
}

/** Gmail escapes its snippets for HTML, and only them. */
function escapeSnippet(text: string): string {
  return text.replace(/[&<>"']/g, char =>
    char === '"'
      ? '&quot;'
      : char === "'"
        ? '&#39;'
        : ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' }[char] ?? char),
  )
}

function headerResource(header: Header): gmail_v1.Schema$MessagePartHeader {
  return { name: header.name, value: decodeHeader(header.value) }
}

function partResource(messageId: string, parsed: ParsedMessage, part: MimePart): gmail_v1.Schema$MessagePart {
  const { partId, mimeType, filename } = part
  const resource: gmail_v1.Schema$MessagePart = {
    partId,
    mimeType,
    filename,
    headers: part.headers.map(headerResource),
    body: bodyResource(messageId, parsed, part),
  }
  if (part.parts.length > 0) resource.parts = part.parts.map(child => partResource(messageId, parsed, child))
  return resource
}

function bodyResource(
  messageId: string,
  parsed: ParsedMessage,
  part: MimePart,
): gmail_v1.Schema$MessagePartBody {
  if (part.mimeType.startsWith('multipart/') && part.parts.length > 0) return { size: 0 }
  const isText = part.mimeType.startsWith('text/') && part.filename === ''
  const bytes = contentOf(parsed, part)
  if (isText && bytes.length <= INLINE_TEXT_BYTES) {
    return { size: bytes.length, ...(bytes.length > 0 && { data: bytes.toString('base64url') }) }
  }
  return { attachmentId: attachmentId(messageId, part.partId), size: bytes.length }
}

/**
 * Text parts come out as UTF-8 whatever charset they declare, and the Content-Type header still
 * shows the old one; Gmail does the same. Files stay as they are.
 */
function contentOf(parsed: ParsedMessage, part: MimePart): Buffer {
  const isText = part.mimeType.startsWith('text/') && part.filename === ''
  return isText ? Buffer.from(partText(parsed, part)) : partBytes(parsed, part)
}

/** Fresh noise makes each get answer another id for the same part, and all of them stay usable. */
function attachmentId(messageId: string, partId: string): string {
  const noise = randomBytes(120)
  const key = noise[0] ?? 0
  const plain = Buffer.from(`${messageId}/${partId}`)
  return `ANGjdJ${Buffer.concat([noise, plain.map(byte => byte ^ key)]).toString('base64url')}`
}

/** The attachment's bytes, or undefined when the id is not one of this message's. */
export function attachmentBytes(mailbox: Mailbox, message: StoredMessage, id: string): Buffer | undefined {
  const bytes = Buffer.from(id.slice(6), 'base64url')
  const key = bytes[0] ?? 0
  const plain = bytes.subarray(120).map(byte => byte ^ key)
  const [messageId, partId] = Buffer.from(plain).toString().split('/')
  if (messageId !== message.id) return undefined
  const parsed = mailbox.parsed(message)
  const part = walkParts(parsed.root).find(candidate => candidate.partId === partId)
  return part && contentOf(parsed, part)
}
