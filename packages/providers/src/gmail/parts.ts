import type { PulledAttachment, PulledBody } from '@inlet/sync/provider-port'
import {
  clean,
  decodeHeader,
  decodeText,
  escapeHtml,
  headerParameter,
  htmlToText,
  MIME_LIMITS,
  oneLine,
} from '../mime.ts'

/** One part of Gmail's payload tree with everything optional made definite. */
export type Part = {
  /** Gmail's partId: the path in the tree ("0.1"; the root is ""). Attachment ids change between reads, this stays. */
  id: string
  type: string
  headers: { name: string; value: string }[]
  filename: string
  size: number
  /** base64url, as Gmail sends it, or the bytes themselves. */
  data: string | Buffer | null
  attachmentId: string | null
  parts: Part[]
}

/** Reads Gmail's payload, whatever is missing or of the wrong type, within the limits on parts and depth. */
export function readPart(payload: unknown): Part {
  let left: number = MIME_LIMITS.parts
  const read = (value: unknown, id: string, depth: number): Part => {
    const given = record(value)
    const body = record(given.body)
    const children = depth < MIME_LIMITS.depth ? list(given.parts) : []
    const headers = list(given.headers)
      .slice(0, 1_000)
      .map(record)
      .filter(each => typeof each.name === 'string' && typeof each.value === 'string')
      .map(each => ({ name: String(each.name).toLowerCase(), value: String(each.value) }))
    const parts: Part[] = []
    for (const [at, child] of children.entries()) {
      if (left-- <= 0) break
      parts.push(read(child, id ? `${id}.${at}` : String(at), depth + 1))
    }
    const data = text(body.data)
    const size = typeof body.size === 'number' ? body.size : 0
    return {
      id: oneLine(text(given.partId) ?? id, 200) || id,
      type: oneLine(text(given.mimeType) ?? '', 120).toLowerCase() || 'text/plain',
      headers,
      filename: decodeHeader(text(given.filename) ?? '', MIME_LIMITS.filename),
      size:
        Number.isSafeInteger(size) && size > 0 && size <= 2_147_483_647
          ? size
          : data
            ? Math.floor((data.length * 3) / 4)
            : 0,
      data,
      attachmentId: text(body.attachmentId) || null,
      parts,
    }
  }
  return read(payload, '', 0)
}

export function headerOf(part: Part, name: string): string {
  return part.headers.find(each => each.name === name)?.value ?? ''
}

export function* walk(part: Part): Generator<Part> {
  yield part
  for (const child of part.parts) yield* walk(child)
}

/** A text part that is the message itself, not something attached to it. */
export function isBodyText(part: Part): boolean {
  if (part.type !== 'text/plain' && part.type !== 'text/html') return false
  return !part.filename && !/^\s*attachment/i.test(headerOf(part, 'content-disposition'))
}

/** Body texts so large that Gmail sends them apart (attachmentId instead of data). */
export function textsKeptApart(root: Part): Part[] {
  return [...bodyTexts(root)].filter(part => part.data === null && part.attachmentId !== null)
}

function* bodyTexts(part: Part): Generator<Part> {
  if (part.type === 'message/rfc822') return
  if (isBodyText(part)) yield part
  for (const child of part.parts) yield* bodyTexts(child)
}

type Rendered = { html: string | null; text: string | null }

/** What a person reads: of alternatives both forms, of everything else all texts in order. */
export function renderBody(root: Part): PulledBody {
  const warnings = new Set<string>()
  const { html, text: plain } = render(root, warnings)
  const limit = MIME_LIMITS.bodyChars
  if ((html?.length ?? 0) > limit || (plain?.length ?? 0) > limit)
    warnings.add('The body was cut: it is longer than can be shown.')
  return {
    html: html === null ? null : clean(html, limit),
    text: plain === null ? null : clean(plain, limit),
    warning: warnings.size > 0 ? clean([...warnings].join(' '), 500) : null,
  }
}

function render(part: Part, warnings: Set<string>): Rendered {
  if (part.parts.length === 0 || part.type === 'message/rfc822') return leaf(part, warnings)
  const children = part.parts
    .map(child => render(child, warnings))
    .filter(each => each.html !== null || each.text !== null)
  if (children.length === 0) return { html: null, text: null }
  if (part.type === 'multipart/alternative') {
    return {
      html: children.findLast(each => each.html !== null)?.html ?? null,
      text: children.find(each => each.text !== null)?.text ?? null,
    }
  }
  const anyHtml = children.some(each => each.html !== null)
  return {
    html: anyHtml ? children.map(each => each.html ?? asHtml(each.text ?? '')).join('\n') : null,
    text: children.some(each => each.text !== null)
      ? children.map(each => each.text ?? htmlToText(each.html ?? '')).join('\n')
      : null,
  }
}

function leaf(part: Part, warnings: Set<string>): Rendered {
  if (!isBodyText(part) || part.data === null) return { html: null, text: null }
  const charset = headerParameter(headerOf(part, 'content-type'), 'charset')
  const { text: decoded, warning } = decodeText(bytesOf(part.data), charset)
  if (warning) warnings.add(warning)
  return part.type === 'text/html' ? { html: decoded, text: null } : { html: null, text: decoded }
}

export const bytesOf = (data: string | Buffer): Buffer =>
  typeof data === 'string' ? Buffer.from(data, 'base64') : data

const asHtml = (plain: string): string => `<div style="white-space:pre-wrap">${escapeHtml(plain)}</div>`

/** Everything that can be saved or shown beside the body. */
export function listAttachments(root: Part): PulledAttachment[] {
  const found: PulledAttachment[] = []
  const collect = (part: Part, related: boolean) => {
    if (found.length >= MIME_LIMITS.attachments) return
    const held = part.data !== null || part.attachmentId !== null || part.size > 0
    const container = part.type.startsWith('multipart/') || (part.type === 'message/rfc822' && !held)
    if (!container && !isBodyText(part) && (held || part.filename)) found.push(attachment(part, related))
    // An attached message is one attachment; its own parts are looked at only where it cannot be had as a whole.
    if (part.type === 'message/rfc822' && held) return
    for (const child of part.parts) collect(child, part.type === 'multipart/related')
  }
  collect(root, false)
  return found
}

function attachment(part: Part, related: boolean): PulledAttachment {
  const disposition = headerOf(part, 'content-disposition')
  const contentId = oneLine(headerOf(part, 'content-id').replace(/^\s*<|>\s*$/g, ''), 300) || null
  const attached = /^\s*attachment/i.test(disposition)
  return {
    partId: part.id,
    filename: part.filename || unnamed(part.type),
    mimeType: part.type,
    sizeBytes: part.size,
    inline:
      !attached &&
      ((contentId !== null && (related || part.type.startsWith('image/'))) ||
        (/^\s*inline/i.test(disposition) && part.type.startsWith('image/'))),
    contentId,
  }
}

function unnamed(type: string): string {
  if (type === 'message/rfc822') return 'message.eml'
  if (type === 'text/calendar') return 'invite.ics'
  const kind = /^[\w-]+\/(?:x-)?([\w-]{1,10})$/.exec(type)?.[1]
  return kind && kind !== 'octet-stream' ? `unnamed.${kind}` : 'unnamed'
}

export const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
