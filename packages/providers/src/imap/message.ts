import type { PulledMessage, Version } from '@inlet/sync/provider-port'
import type { FetchMessageObject } from 'imapflow'
import { listAttachments, type Part, renderBody } from '../gmail/parts.ts'
import { decodeHeader, MIME_LIMITS, parseAddresses, parseDate, parseMessageIds, snippetOf } from '../mime.ts'
import { decodeContent, headerValue, type MimePart, parseMime, walkMime } from './mime-tree.ts'

/** What the engine decides about a message, not the mail itself. */
export type Placing = { id: string; threadId: string; version: Version; labelIds: string[] }

/** What of imapflow's answer is needed besides the source. */
export type FetchedRow = Pick<FetchMessageObject, 'flags' | 'internalDate' | 'size'>

const YEAR_9999 = 253_402_300_799_999

/**
 * A FETCH answer and the raw message as one of ours. Pure, and total: nothing that a sender writes makes it throw. A
 * source shorter than `size` was cut by us; the message says so, unless `outline` holds what lies behind the cut.
 * Attachments are addressed by IMAP's part numbers.
 */
export function toPulledMessage(
  placing: Placing,
  row: FetchedRow,
  source: Buffer,
  options: { bodies: boolean; outline?: { root: Part; cut: boolean } },
): PulledMessage {
  const root = parseMime(source)
  const part = options.outline?.root ?? asPart(root)
  const { headers } = root
  const body = renderBody(part)
  const cut = options.outline?.cut ?? (row.size !== undefined && source.length < row.size)
  const warning = [body.warning, cut ? 'Only the beginning of this very large message was read.' : null]
  const flags = row.flags ?? new Set<string>()
  const sentAt = parseDate(headerValue(headers, 'date'))
  return {
    ...placing,
    subject: decodeHeader(headerValue(headers, 'subject'), MIME_LIMITS.subject),
    from: parseAddresses(headerValue(headers, 'from') || headerValue(headers, 'sender'))[0] ?? {
      name: '',
      email: '',
    },
    to: addresses(root, 'to'),
    cc: addresses(root, 'cc'),
    bcc: addresses(root, 'bcc'),
    replyTo: addresses(root, 'reply-to'),
    snippet: snippetOf(body),
    receivedAt: arrival(row.internalDate) ?? sentAt ?? 0,
    sentAt,
    unread: !has(flags, '\\Seen'),
    starred: has(flags, '\\Flagged'),
    draft: has(flags, '\\Draft'),
    sizeBytes: Math.min(row.size ?? source.length, 2_147_483_647),
    messageIdHeader: parseMessageIds(headerValue(headers, 'message-id'), 1)[0] ?? null,
    inReplyTo: parseMessageIds(headerValue(headers, 'in-reply-to'), 1)[0] ?? null,
    references: parseMessageIds(headerValue(headers, 'references'), MIME_LIMITS.references),
    attachments: listAttachments(part),
    body: options.bodies
      ? { ...body, warning: warning.filter(Boolean).join(' ').slice(0, 500) || null }
      : null,
  }
}

/** The bytes of one part; null where the message has no such part. */
export function attachmentOf(source: Buffer, partId: string): Buffer | null {
  for (const part of walkMime(parseMime(source)))
    if (part.children.length === 0 && part.id === partId) return decodeContent(part)
  return null
}

/** The shape in which bodies are rendered and attachments listed for every provider. Only texts keep their bytes. */
function asPart(mime: MimePart): Part {
  const { id, type, headers, filename, children } = mime
  const leaf = children.length === 0
  const content = leaf ? decodeContent(mime) : null
  const text = type === 'text/plain' || type === 'text/html'
  return {
    id,
    type,
    headers,
    filename,
    size: content?.length ?? 0,
    data: text ? content : null,
    attachmentId: null,
    parts: children.map(asPart),
  }
}

/** Servers write system flags as they like. */
function has(flags: ReadonlySet<string>, flag: string): boolean {
  return [...flags].some(each => each.toLowerCase() === flag.toLowerCase())
}

/** A repeated header's instances are joined: two To lines are one list. */
function addresses(part: MimePart, name: string) {
  const all = part.headers.filter(each => each.name === name).flatMap(each => parseAddresses(each.value))
  return all.slice(0, MIME_LIMITS.addresses)
}

function arrival(date: Date | string | undefined): number | null {
  const at = date instanceof Date ? date.getTime() : Date.parse(date ?? '')
  return Number.isFinite(at) && at > 0 ? Math.min(at, YEAR_9999) : null
}
