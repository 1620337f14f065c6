import type { PulledMessage, Version } from '@inlet/sync/provider-port'
import {
  decodeHeader,
  MIME_LIMITS,
  oneLine,
  parseAddresses,
  parseDate,
  parseMessageIds,
  snippetOf,
  unescapeHtml,
} from '../mime.ts'
import { headerOf, list, listAttachments, type Part, readPart, record, renderBody } from './parts.ts'

const VERSION_MAX = 2n ** 63n - 1n
const YEAR_9999 = 253_402_300_799_999

/**
 * Gmail's message as one of ours. Pure, and total: whatever is missing or malformed is left out, cut or replaced, and
 * no input makes it throw. `id` is the id that was asked for.
 */
export function toPulledMessage(id: string, message: unknown, options: { bodies: boolean }): PulledMessage {
  return fromPart(id, record(message), readPart(record(message).payload), options)
}

/** The same from a payload that was read already (and perhaps completed with texts that Gmail keeps apart). */
export function fromPart(
  id: string,
  given: Record<string, unknown>,
  part: Part,
  options: { bodies: boolean },
): PulledMessage {
  const labelIds = [...new Set(list(given.labelIds).filter(label => typeof label === 'string'))]
    .map(label => oneLine(label, 200))
    .filter(Boolean)
  const body = options.bodies ? renderBody(part) : null
  const sentAt = parseDate(headerOf(part, 'date'))
  const snippet = oneLine(unescapeHtml(string(given.snippet)), MIME_LIMITS.snippet)
  return {
    id,
    threadId: oneLine(string(given.threadId), 200) || id,
    version: parseVersion(given.historyId),
    subject: decodeHeader(headerOf(part, 'subject'), MIME_LIMITS.subject),
    from: parseAddresses(headerOf(part, 'from') || headerOf(part, 'sender'))[0] ?? { name: '', email: '' },
    to: addresses(part, 'to'),
    cc: addresses(part, 'cc'),
    bcc: addresses(part, 'bcc'),
    replyTo: addresses(part, 'reply-to'),
    snippet: snippet || (body ? snippetOf(body) : ''),
    receivedAt: parseMillis(given.internalDate) ?? sentAt ?? 0,
    sentAt,
    labelIds,
    unread: labelIds.includes('UNREAD'),
    starred: labelIds.includes('STARRED'),
    draft: labelIds.includes('DRAFT'),
    sizeBytes: parseSize(given.sizeEstimate),
    messageIdHeader: parseMessageIds(headerOf(part, 'message-id'), 1)[0] ?? null,
    inReplyTo: parseMessageIds(headerOf(part, 'in-reply-to'), 1)[0] ?? null,
    references: parseMessageIds(headerOf(part, 'references'), MIME_LIMITS.references),
    attachments: listAttachments(part),
    body,
  }
}

/** History ids are unsigned 64-bit decimal strings; they are compared as numbers, never as text or doubles. */
export function parseVersion(value: unknown): Version {
  const text = string(value)
  if (!/^\d{1,20}$/.test(text)) return 0n
  const version = BigInt(text)
  return version > VERSION_MAX ? VERSION_MAX : version
}

/** A repeated header's instances are joined: two To lines are one list. */
function addresses(part: Part, name: string) {
  const all = part.headers.filter(each => each.name === name).flatMap(each => parseAddresses(each.value))
  return all.slice(0, MIME_LIMITS.addresses)
}

function parseMillis(value: unknown): number | null {
  const text = string(value).trim()
  if (!/^-?\d{1,16}$/.test(text)) return null
  return Math.min(Math.max(Number(text), 0), YEAR_9999)
}

function parseSize(value: unknown): number {
  const size = Math.trunc(Number(string(value)))
  return Number.isFinite(size) && size > 0 ? Math.min(size, 2_147_483_647) : 0
}

const string = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' && Number.isFinite(value) ? String(value) : ''
