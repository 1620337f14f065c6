import type { Recipient } from '@microsoft/microsoft-graph-types'
import { badRequest, fail } from '../errors.ts'
import type { StoredItem } from '../mailbox/types.ts'
import type { Composed, ComposedFile } from '../message/compose.ts'
import { type Fields, isFields } from './call.ts'

type Marks = Partial<Pick<StoredItem, 'read' | 'flag' | 'categories' | 'importance' | 'focused'>>

/** Marks that any message can get. */
export function readMarks(body: Fields): Marks {
  const marks: { -readonly [Name in keyof Marks]: Marks[Name] } = {}
  if (body.isRead !== undefined) marks.read = boolean(body.isRead, 'isRead')
  if (body.flag !== undefined) {
    const status = isFields(body.flag) ? body.flag.flagStatus : undefined
    marks.flag = choice(status, 'flagStatus', ['notFlagged', 'flagged', 'complete'] as const)
  }
  if (body.categories !== undefined) marks.categories = texts(body.categories, 'categories')
  if (body.importance !== undefined) {
    marks.importance = choice(body.importance, 'importance', ['low', 'normal', 'high'] as const)
  }
  if (body.inferenceClassification !== undefined) {
    const where = choice(body.inferenceClassification, 'inferenceClassification', [
      'focused',
      'other',
    ] as const)
    marks.focused = where === 'focused'
  }
  return marks
}

/** What only a draft takes. */
export const DRAFT_PROPERTIES = [
  'subject',
  'body',
  'from',
  'sender',
  'toRecipients',
  'ccRecipients',
  'bccRecipients',
  'replyTo',
  'internetMessageHeaders',
  'internetMessageId',
  'attachments',
] as const

/** The fields with a message's JSON laid over them. */
export function withMessage(fields: Composed, body: Fields): Composed {
  const next = { ...fields }
  if (body.subject !== undefined) next.subject = text(body.subject, 'subject')
  if (body.body !== undefined) next.body = readBody(body.body)
  if (body.from !== undefined) next.from = recipients([body.from], 'from')
  if (body.toRecipients !== undefined) next.to = recipients(body.toRecipients, 'toRecipients')
  if (body.ccRecipients !== undefined) next.cc = recipients(body.ccRecipients, 'ccRecipients')
  if (body.bccRecipients !== undefined) next.bcc = recipients(body.bccRecipients, 'bccRecipients')
  if (body.replyTo !== undefined) next.replyTo = recipients(body.replyTo, 'replyTo')
  if (body.internetMessageId !== undefined) next.messageId = text(body.internetMessageId, 'internetMessageId')
  if (body.internetMessageHeaders !== undefined) {
    const own = next.headers.filter(([name]) => !/^x-/i.test(name))
    next.headers = [...own, ...readHeaders(body.internetMessageHeaders)]
  }
  if (body.attachments !== undefined) next.files = list(body.attachments, 'attachments').map(readFile)
  return next
}

export function readFile(value: unknown): ComposedFile {
  if (!isFields(value)) return wrong('attachments')
  if (value['@odata.type'] !== '#microsoft.graph.fileAttachment') {
    return badRequest('Only #microsoft.graph.fileAttachment is simulated for writing.')
  }
  const type =
    value.contentType === undefined ? 'application/octet-stream' : text(value.contentType, 'contentType')
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(type)) wrong('contentType')
  const inline = value.isInline === true && typeof value.contentId === 'string'
  return {
    name: text(value.name, 'name'),
    type,
    bytes: Buffer.from(text(value.contentBytes, 'contentBytes'), 'base64'),
    contentId: inline ? text(value.contentId, 'contentId') : null,
  }
}

function readBody(value: unknown): Composed['body'] {
  if (!isFields(value)) return wrong('body')
  const type = typeof value.contentType === 'string' ? value.contentType.toLowerCase() : 'text'
  return {
    contentType: choice(type, 'contentType', ['text', 'html'] as const),
    content: text(value.content ?? '', 'content'),
  }
}

function readHeaders(value: unknown): [string, string][] {
  return list(value, 'internetMessageHeaders').map(header => {
    if (!isFields(header)) return wrong('internetMessageHeaders')
    const name = text(header.name, 'name')
    if (!/^x-[\w-]+$/i.test(name)) {
      fail(
        400,
        'InvalidInternetMessageHeader',
        `The internet message header name '${name}' should start with 'x-' or 'X-'.`,
      )
    }
    return [name, text(header.value, 'value')]
  })
}

export function recipients(value: unknown, name: string): Recipient[] {
  return list(value, name).map(item => {
    const email = isFields(item) && isFields(item.emailAddress) ? item.emailAddress : wrong(name)
    const address = text(email.address, 'address')
    return { emailAddress: { address, name: typeof email.name === 'string' ? email.name : address } }
  })
}

function list(value: unknown, name: string): unknown[] {
  return Array.isArray(value) ? value : wrong(name)
}

function texts(value: unknown, name: string): string[] {
  return list(value, name).map(item => text(item, name))
}

export function text(value: unknown, name: string): string {
  return typeof value === 'string' ? value : wrong(name)
}

function boolean(value: unknown, name: string): boolean {
  return typeof value === 'boolean' ? value : wrong(name)
}

function choice<T extends string>(value: unknown, name: string, allowed: readonly T[]): T {
  return allowed.find(item => item === value) ?? wrong(name)
}

function wrong(name: string): never {
  return badRequest(`Property '${name}' has a value of the wrong type.`, 'RequestBodyRead')
}
