import { json, noContent, type Reply } from '../../http/reply.ts'
import type { Params } from '../../http/router.ts'
import { type MimePart, partBytes } from '../../mime/parse.ts'
import { itemNotFound } from '../errors.ts'
import type { StoredItem } from '../mailbox/types.ts'
import { attachmentParts, attachmentResource, partById } from '../message/attachments.ts'
import { type Composed, composeMime, fieldsOf } from '../message/compose.ts'
import { option } from '../odata/query.ts'
import { admit, contextOf, draftOf, type GraphCall, messageOf, readJson, wireId } from './call.ts'
import { readFile } from './message-input.ts'
import { seconds } from './message-resource.ts'

export function listAttachments(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'read')
  const item = messageOf(call, id)
  const parts = attachmentParts(call.mailbox.parsed(item))
  return json({
    '@odata.context': contextOf(call, `messages('${wireId(call, item)}')/attachments`),
    value: parts.map(part => selected(call, resource(call, item, part))),
  })
}

export function getAttachment(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  const { item, part } = find(call, params)
  const context = contextOf(call, `messages('${wireId(call, item)}')/attachments/$entity`)
  return json({ '@odata.context': context, ...selected(call, resource(call, item, part)) })
}

/** `GET …/$value`: the file's bytes, or the MIME of a message inside the message. */
export function getAttachmentBytes(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  const { item, part } = find(call, params)
  const body = partBytes(call.mailbox.parsed(item), part)
  return { status: 200, headers: { 'content-type': part.mimeType }, body }
}

export function addAttachment(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'write')
  const item = draftOf(call, id)
  const file = readFile(readJson(call))
  const changed = rewrite(call, item, fields => ({ ...fields, files: [...fields.files, file] }))
  const part = attachmentParts(call.mailbox.parsed(changed)).at(-1) ?? itemNotFound()
  return json(resource(call, changed, part), 201)
}

export function deleteAttachment(call: GraphCall, params: Params): Reply {
  admit(call, 'write')
  const { item, part } = find(call, params)
  draftOf(call, params.id ?? '')
  const at = attachmentParts(call.mailbox.parsed(item)).indexOf(part)
  rewrite(call, item, fields => ({ ...fields, files: fields.files.filter((_, i) => i !== at) }))
  return noContent
}

function rewrite(call: GraphCall, item: StoredItem, change: (fields: Composed) => Composed): StoredItem {
  const fields = change(fieldsOf(call.mailbox.parsed(item)))
  return call.mailbox.rewrite(item, composeMime(fields, call.microsoft.clock.now()))
}

function find(call: GraphCall, { id = '', attachment = '' }: Params): { item: StoredItem; part: MimePart } {
  const item = messageOf(call, id)
  const ids = [call.mailbox.wireId(item, true), call.mailbox.wireId(item, false)]
  return { item, part: partById(call.mailbox.parsed(item), ids, attachment) ?? itemNotFound() }
}

function resource(call: GraphCall, item: StoredItem, part: MimePart): Record<string, unknown> {
  const parsed = call.mailbox.parsed(item)
  return { ...attachmentResource(parsed, part, wireId(call, item), seconds(item.modified)) }
}

function selected(call: GraphCall, whole: Record<string, unknown>): Record<string, unknown> {
  const select = option(call.request.query, 'select')
  if (select === null) return whole
  const names = ['id', '@odata.type', ...select.split(',').map(name => name.trim())]
  return Object.fromEntries(Object.entries(whole).filter(([name]) => names.includes(name)))
}
