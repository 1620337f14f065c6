import type { Address } from '@inlet/protocol/entities'
import type { PulledAttachment, PulledBody, PulledMessage, Version } from '@inlet/sync/provider-port'
import { clean, MIME_LIMITS, oneLine, parseDate, parseMessageIds, snippetOf } from '../mime.ts'
import { list, record, text } from './errors.ts'
import { STARRED } from './folders.ts'

const STATE = [
  'id',
  'conversationId',
  'subject',
  'bodyPreview',
  'from',
  'sender',
  'toRecipients',
  'ccRecipients',
  'bccRecipients',
  'replyTo',
  'receivedDateTime',
  'sentDateTime',
  'lastModifiedDateTime',
  'isRead',
  'isDraft',
  'flag',
  'parentFolderId',
  'internetMessageId',
]
// contentId belongs to files only, so it must be asked for by their type. Exchange tells a message's size only as the
// MAPI property PidTagMessageSizeExtended.
const EXPANDED =
  'attachments($select=id,name,contentType,size,isInline,microsoft.graph.fileAttachment/contentId),' +
  "singleValueExtendedProperties($filter=id%20eq%20'Long%200x0E08')"

/** The query that brings what `toPulledMessage` reads. `headers`: threading headers too, which single reads can afford. */
export function stateQuery({ bodies, headers }: { bodies: boolean; headers: boolean }): string {
  const select = [...STATE, ...(bodies ? ['body'] : []), ...(headers ? ['internetMessageHeaders'] : [])]
  return `$select=${select.join(',')}&$expand=${EXPANDED}`
}

/**
 * Graph's message as one of ours. Pure, and total: whatever is missing or malformed is left out, cut or replaced, and
 * no input makes it throw. `askedAt`: when the request left, epoch ms.
 */
export function toPulledMessage(
  id: string,
  message: unknown,
  askedAt: number,
  options: { bodies: boolean },
): PulledMessage {
  const given = record(message)
  const sentAt = parseDate(text(given.sentDateTime))
  const attachments = readAttachments(given.attachments)
  const body = options.bodies ? readBody(given.body) : null
  const starred = text(record(given.flag).flagStatus).toLowerCase() === 'flagged'
  const folder = oneLine(text(given.parentFolderId), 500)
  return {
    id,
    threadId: oneLine(text(given.conversationId), 500) || id,
    version: versionOf(given.lastModifiedDateTime, askedAt),
    subject: oneLine(text(given.subject), MIME_LIMITS.subject),
    from: readAddresses([given.from])[0] ?? readAddresses([given.sender])[0] ?? { name: '', email: '' },
    to: readAddresses(given.toRecipients),
    cc: readAddresses(given.ccRecipients),
    bcc: readAddresses(given.bccRecipients),
    replyTo: readAddresses(given.replyTo),
    snippet: oneLine(text(given.bodyPreview), MIME_LIMITS.snippet) || (body ? snippetOf(body) : ''),
    receivedAt: parseDate(text(given.receivedDateTime)) ?? sentAt ?? 0,
    sentAt,
    labelIds: [...(folder ? [folder] : []), ...(starred ? [STARRED] : [])],
    unread: given.isRead === false,
    starred,
    draft: given.isDraft === true,
    sizeBytes: readSize(given.singleValueExtendedProperties, attachments),
    messageIdHeader: parseMessageIds(text(given.internetMessageId), 1)[0] ?? null,
    inReplyTo: parseMessageIds(headerOf(given, 'in-reply-to'), 1)[0] ?? null,
    references: parseMessageIds(headerOf(given, 'references'), MIME_LIMITS.references),
    attachments,
    body,
  }
}

const SINCE_2005 = Date.UTC(2005, 0, 1)
const SECONDS_MAX = 2 ** 30 - 1
const AGE_MAX = 2 ** 41 - 1
/** By how much our clock may be behind Microsoft's. */
const SKEW_MS = 60_000
/** Newer than any state can be: what carries it is read again in any case. */
export const NEWEST: Version = 2n ** 63n - 1n

/**
 * Graph numbers nothing, and tells whole seconds: of two states that were modified in the same second, the one that
 * was asked for later is at least as new. 30 bits of seconds (until 2039), then 33 bits of how much later, which are
 * exact where it matters: soon after the change.
 */
export function versionOf(lastModified: unknown, askedAt: number): Version {
  const modified = Date.parse(text(lastModified).slice(0, 40))
  const seconds = Number.isFinite(modified) ? Math.floor((modified - SINCE_2005) / 1_000) : 0
  const bounded = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most)
  const kept = bounded(seconds, 0, SECONDS_MAX)
  const age = bounded(Math.floor(askedAt) - (SINCE_2005 + kept * 1_000) + SKEW_MS, 1, AGE_MAX)
  return (BigInt(kept) << 33n) | compact(age)
}

/** Grows with `value`: itself below 2^30 (twelve days in ms), beyond that its leading 30 bits. At most 33 bits. */
function compact(value: number): bigint {
  const dropped = Math.max(0, Math.floor(Math.log2(value)) - 29)
  return (BigInt(dropped) << 29n) + (BigInt(value) >> BigInt(dropped))
}

/** Graph gives one form, HTML unless the mail cannot be had as such. */
export function readBody(given: unknown): PulledBody {
  const { content, contentType } = record(given)
  const whole = text(content)
  const shown = clean(whole, MIME_LIMITS.bodyChars)
  const isHtml = text(contentType).toLowerCase() !== 'text'
  return {
    html: isHtml && whole ? shown : null,
    text: isHtml ? null : shown,
    warning:
      whole.length > MIME_LIMITS.bodyChars ? 'The body was cut: it is longer than can be shown.' : null,
  }
}

/** Files and attached messages; a link to a file in somebody's cloud holds nothing that could be saved. */
function readAttachments(given: unknown): PulledAttachment[] {
  const found: PulledAttachment[] = []
  for (const each of list(given).slice(0, MIME_LIMITS.attachments)) {
    const { id, name, contentType, size, isInline, contentId, ...rest } = record(each)
    const kind = text(rest['@odata.type'])
    if (!text(id) || /referenceAttachment$/i.test(kind)) continue
    const cid = oneLine(text(contentId).replace(/^\s*<|>\s*$/g, ''), 300) || null
    const message = /itemAttachment$/i.test(kind)
    found.push({
      partId: oneLine(text(id), 500),
      filename: oneLine(text(name), MIME_LIMITS.filename) || (message ? 'message.eml' : 'unnamed'),
      mimeType:
        oneLine(text(contentType), 120).toLowerCase() ||
        (message ? 'message/rfc822' : 'application/octet-stream'),
      sizeBytes: toSize(size),
      inline: isInline === true && cid !== null,
      contentId: cid,
    })
  }
  return found
}

function readAddresses(given: unknown): Address[] {
  const found: Address[] = []
  for (const each of list(given).slice(0, MIME_LIMITS.addresses)) {
    const { name, address } = record(record(each).emailAddress)
    const email = oneLine(text(address), MIME_LIMITS.email)
    const shown = oneLine(text(name), MIME_LIMITS.name)
    // Graph repeats the address where there is no name.
    if (email || shown) found.push({ name: shown.toLowerCase() === email.toLowerCase() ? '' : shown, email })
  }
  return found
}

function readSize(properties: unknown, attachments: PulledAttachment[]): number {
  const told = list(properties)
    .map(record)
    .find(each => /0xe08$/i.test(text(each.id).replace(/0x0+/i, '0x')))
  const files = attachments.reduce((sum, each) => sum + each.sizeBytes, 0)
  return toSize(Number(told?.value)) || toSize(files)
}

function toSize(value: unknown): number {
  const size = Math.trunc(Number(value))
  return Number.isFinite(size) && size > 0 ? Math.min(size, 2_147_483_647) : 0
}

/** Headers come only where they were selected. */
export function headerOf(message: Record<string, unknown>, name: string): string {
  const found = list(message.internetMessageHeaders)
    .map(record)
    .find(each => text(each.name).toLowerCase() === name)
  return text(found?.value)
}
