import type { MessageStructureObject } from 'imapflow'
import { isBodyText, type Part, walk } from '../gmail/parts.ts'
import { decodeHeader, MIME_LIMITS, oneLine } from '../mime.ts'
import { decodeContent } from './mime-tree.ts'

/** A text of a message too large to be read whole. */
export type TextPart = { id: string; encoding: string; size: number }

/** base64 as mail has it: 57 bytes become a line of 78. */
const DECODED_SHARE = 57 / 78

/**
 * BODYSTRUCTURE (RFC 3501 §7.4.2) as the tree that bodies and attachments are made from: of a large message only the
 * texts are read. null where the server's description is of no use.
 */
export function outlineOf(
  structure: MessageStructureObject | undefined,
): { root: Part; texts: TextPart[] } | null {
  if (!structure?.type) return null
  const encodings = new Map<string, string>()
  let left: number = MIME_LIMITS.parts
  const read = (node: MessageStructureObject, depth: number): Part => {
    const { type, parameters = {}, disposition = '', dispositionParameters = {} } = node
    const multipart = type.startsWith('multipart/') && depth < MIME_LIMITS.depth
    const children = multipart ? (node.childNodes ?? []).slice(0, Math.max(0, left)) : []
    left -= children.length
    const id = node.part ?? (multipart ? '' : '1')
    const encoding = (node.encoding ?? '').toLowerCase()
    if (!multipart) encodings.set(id, encoding)
    const size = multipart ? 0 : (node.size ?? 0)
    const charset = parameters.charset ? `; charset="${oneLine(parameters.charset, 60)}"` : ''
    return {
      id,
      type,
      headers: [
        { name: 'content-type', value: `${type}${charset}` },
        { name: 'content-disposition', value: disposition },
        { name: 'content-id', value: node.id ?? '' },
      ],
      filename: decodeHeader(dispositionParameters.filename ?? parameters.name ?? '', MIME_LIMITS.filename),
      size: encoding === 'base64' ? Math.floor(size * DECODED_SHARE) : size,
      data: null,
      attachmentId: null,
      parts: children.map(child => read(child, depth + 1)),
    }
  }
  const root = read(structure, 0)
  const texts = [...walk(root)]
    .filter(part => part.parts.length === 0 && isBodyText(part))
    .map(({ id, size }) => ({ id, encoding: encodings.get(id) ?? '', size }))
  return { root, texts }
}

/** Puts a text that was read into the tree. */
export function fillText(root: Part, { id, encoding }: TextPart, raw: Buffer): void {
  for (const part of walk(root)) if (part.id === id) part.data = decode(raw, encoding)
}

/** The part at this address, with what is needed to decode it; null where the message has none. */
export function findPart(
  structure: MessageStructureObject | undefined,
  partId: string,
): { encoding: string; size: number } | null {
  if (!structure?.type) return null
  const id = structure.part ?? (structure.childNodes ? '' : '1')
  const leaf = !structure.type.startsWith('multipart/')
  if (leaf && id === partId)
    return { encoding: (structure.encoding ?? '').toLowerCase(), size: structure.size ?? 0 }
  if (!leaf)
    for (const child of structure.childNodes ?? []) {
      const found = findPart(child, partId)
      if (found) return found
    }
  return null
}

export const decode = (content: Buffer, encoding: string): Buffer => decodeContent({ content, encoding })
