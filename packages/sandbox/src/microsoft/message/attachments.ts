import type { Attachment, FileAttachment } from '@microsoft/microsoft-graph-types'
import { type Header, headerValue } from '../../mime/headers.ts'
import { type MimePart, type ParsedMessage, partBytes, walkParts } from '../../mime/parse.ts'
import { bodyPart } from './body.ts'

/** Parts that are files, in order. A message inside the message counts as one, its parts do not. */
export function attachmentParts(message: ParsedMessage): MimePart[] {
  const bodies = [bodyPart(message, 'text/plain'), bodyPart(message, 'text/html')]
  const found: MimePart[] = []
  const visit = (part: MimePart): void => {
    if (part.mimeType === 'message/rfc822' && part !== message.root) found.push(part)
    else if (part.parts.length > 0) part.parts.forEach(visit)
    else if (!bodies.includes(part) && isFile(part)) found.push(part)
  }
  visit(message.root)
  return found
}

function isFile(part: MimePart): boolean {
  if (part.mimeType.startsWith('multipart/')) return false
  return part.filename !== '' || part.disposition === 'attachment' || !part.mimeType.startsWith('text/')
}

export function isInline(part: MimePart): boolean {
  return part.disposition !== 'attachment' && contentId(part) !== null
}

/** False when all files are inline, as Graph has it. */
export function hasAttachments(message: ParsedMessage): boolean {
  return attachmentParts(message).some(part => !isInline(part))
}

export function contentId(part: { headers: readonly Header[] }): string | null {
  return headerValue([...part.headers], 'content-id')?.replace(/^<|>$/g, '') ?? null
}

/** Ids begin like their message's, so they change with it. */
export function attachmentId(messageId: string, part: MimePart): string {
  return `${messageId.slice(0, -4)}BEgAQAG${Buffer.from(`part ${part.partId}`).toString('base64url')}=`
}

export function attachmentResource(
  message: ParsedMessage,
  part: MimePart,
  messageId: string,
  modified: string,
): Attachment {
  const bytes = partBytes(message, part)
  const common = {
    id: attachmentId(messageId, part),
    lastModifiedDateTime: modified,
    name: nameOf(part),
    contentType: part.mimeType,
    size: bytes.length,
    isInline: isInline(part),
  }
  if (part.mimeType === 'message/rfc822')
    return { '@odata.type': '#microsoft.graph.itemAttachment', ...common } as Attachment
  return {
    '@odata.type': '#microsoft.graph.fileAttachment',
    '@odata.mediaContentType': part.mimeType,
    ...common,
    contentId: contentId(part),
    contentLocation: headerValue(part.headers, 'content-location') ?? null,
    contentBytes: bytes.toString('base64'),
  } as FileAttachment
}

function nameOf(part: MimePart): string {
  if (part.filename !== '') return part.filename
  const inner = part.parts[0]
  const subject = inner ? headerValue(inner.headers, 'subject') : undefined
  return subject ?? `attachment.${part.mimeType.split('/')[1] ?? 'bin'}`
}

export function partById(
  message: ParsedMessage,
  messageIds: readonly string[],
  id: string,
): MimePart | undefined {
  const parts = walkParts(message.root)
  return parts.find(part => messageIds.some(messageId => attachmentId(messageId, part) === id))
}
