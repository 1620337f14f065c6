import { json, noContent, type Reply } from '../../http/reply.ts'
import type { Params } from '../../http/router.ts'
import { byDate, take } from '../../mailbox/order.ts'
import { fail } from '../errors.ts'
import { changeKey } from '../mailbox/ids.ts'
import type { StoredFolder, StoredItem } from '../mailbox/types.ts'
import { composeMime, fieldsOf } from '../message/compose.ts'
import { option, readQuery, sorted } from '../odata/query.ts'
import {
  admit,
  appliedHeaders,
  contextOf,
  draftOf,
  folderOf,
  type GraphCall,
  messageOf,
  readJson,
} from './call.ts'
import { DRAFT_PROPERTIES, readMarks, withMessage } from './message-input.ts'
import { messageProperty, messageResource, readSelection, viewOf } from './message-resource.ts'

const DEFAULT_PAGE = 10

/** `GET …/messages` of a folder, or of the whole mailbox with drafts, sent and deleted mail. */
export function listMessages(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  const query = readQuery(call.request.query)
  const names = readSelection(query.select)
  const matches = matching(call, folderParam(call, params))
  const size = query.top ?? call.prefer.maxPageSize ?? DEFAULT_PAGE
  const end = query.skip + size
  // Only a count needs them all.
  const found = query.count ? [...matches] : take(matches, end + 1)
  const page = found.slice(query.skip, end)
  const next = found.length > end ? nextLink(call, end) : undefined
  return {
    status: 200,
    headers: appliedHeaders(call),
    body: {
      '@odata.context': contextOf(call, 'messages'),
      ...(query.count && { '@odata.count': found.length }),
      value: page.map(item => messageResource(viewOf(call.mailbox, item, call.prefer), names, query.expand)),
      ...(next !== undefined && { '@odata.nextLink': next }),
    },
  }
}

/** `GET …/messages/$count`: a number as plain text. */
export function countMessages(call: GraphCall, params: Params): Reply {
  admit(call, 'read')
  const { length } = [...matching(call, folderParam(call, params))]
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(length) }
}

function folderParam(call: GraphCall, { folder }: Params): StoredFolder | null {
  return folder === undefined ? null : folderOf(call, folder)
}

/** What the query's filter lets through, in its order: newest first unless it says otherwise. */
function matching(call: GraphCall, folder: StoredFolder | null): Iterable<StoredItem> {
  const { filter, orderBy } = readQuery(call.request.query)
  const { mailbox, prefer } = call
  const property = (item: StoredItem, path: string): unknown =>
    messageProperty(viewOf(mailbox, item, prefer), path)
  function* kept(): Generator<StoredItem> {
    for (const item of newestFirst(call, folder))
      if (!filter || filter.test(path => property(item, path))) yield item
  }
  const isNewestFirst = orderBy.every(({ path, descending }) => descending && path === 'receivedDateTime')
  return isNewestFirst ? kept() : sorted([...kept()], orderBy, property)
}

function newestFirst(call: GraphCall, folder: StoredFolder | null): Iterable<StoredItem> {
  const { mailbox, request } = call
  if (folder) {
    const { newestFirst } = mailbox.folderItems(folder.key)
    const before = receivedBefore(request.query)
    return mailbox.itemsOf(newestFirst.after(before === null ? undefined : byDate({ id: '', date: before })))
  }
  return [...mailbox.all()]
    .filter(item => mailbox.folders.isWithin(item.folder, 'msgfolderroot'))
    .sort((a, b) => b.date - a.date)
}

/** Where a filter says nothing but "received before", what is newer need not be looked at. Epoch ms, a second too late at most. */
function receivedBefore(query: URLSearchParams): number | null {
  const [, time = ''] = /^receivedDateTime l[te] (\S+)$/.exec(option(query, 'filter') ?? '') ?? []
  return time === '' ? null : Date.parse(time) + 1_000
}

/** Pages count from the newest: what arrives in between shifts them, as it does at Graph. */
export function nextLink(call: GraphCall, skip: number): string {
  const query = new URLSearchParams(call.request.query)
  query.delete('skip')
  query.set('$skip', String(skip))
  return `${call.base}${call.request.path.slice('/v1.0'.length)}?${query.toString()}`
}

export function getMessage(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'read')
  return messageReply(call, messageOf(call, id))
}

export function messageReply(call: GraphCall, item: StoredItem, status = 200): Reply {
  const { select, expand } = readQuery(call.request.query)
  const resource = messageResource(viewOf(call.mailbox, item, call.prefer), readSelection(select), expand)
  const context = { '@odata.context': contextOf(call, 'messages/$entity') }
  return { status, headers: appliedHeaders(call), body: { ...context, ...resource } }
}

/** `GET …/$value`: the MIME bytes. */
export function getMime(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'read')
  const body = call.mailbox.raw(messageOf(call, id))
  return { status: 200, headers: { 'content-type': 'text/plain' }, body }
}

export function patchMessage(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'write')
  const item = unchanged(call, messageOf(call, id))
  const body = readJson(call)
  const marks = readMarks(body)
  if (!DRAFT_PROPERTIES.some(name => body[name] !== undefined)) {
    return messageReply(call, call.mailbox.update(item, marks))
  }
  const fields = withMessage(fieldsOf(call.mailbox.parsed(draftOf(call, id))), body)
  const raw = composeMime(fields, call.microsoft.clock.now())
  return messageReply(call, call.mailbox.rewrite(item, raw, marks))
}

/** `If-Match` with an old ETag is refused. */
function unchanged(call: GraphCall, item: StoredItem): StoredItem {
  const wanted = call.request.headers['if-match']
  if (wanted === undefined || wanted === '*' || wanted.includes(changeKey(call.mailbox.account, item.change)))
    return item
  return fail(
    412,
    'ErrorIrresolvableConflict',
    'The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.',
  )
}

/** `DELETE`: to Deleted Items; from there out of sight. */
export function deleteMessage(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'write')
  const item = unchanged(call, messageOf(call, id))
  const trashed = call.mailbox.folders.isWithin(item.folder, 'deleteditems')
  moveItems(call, [item], trashed ? 'recoverableitemsdeletions' : 'deleteditems')
  return noContent
}

export function purgeMessage(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'write')
  call.mailbox.apply([{ before: messageOf(call, id) }])
  return noContent
}

/** `POST …/move`: 201 with the message, whose usual id is a new one. */
export function moveMessage(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'write')
  const item = messageOf(call, id)
  const { key } = folderOf(call, String(readJson(call).destinationId ?? ''))
  return messageReply(call, moveItems(call, [item], key)[0] ?? item, 201)
}

function moveItems(call: GraphCall, items: readonly StoredItem[], folder: string): StoredItem[] {
  const { faults } = call.microsoft
  const target = { method: call.request.method, path: call.request.path, account: call.mailbox.email }
  return call.mailbox.move(items, folder, {
    silent: faults.take('move.silent', target) !== undefined,
    missReturn: faults.take('delta.miss-return', target) !== undefined,
  })
}

export function copyMessage(call: GraphCall, { id = '' }: Params): Reply {
  admit(call, 'write')
  const { mailbox } = call
  const item = messageOf(call, id)
  const { key } = folderOf(call, String(readJson(call).destinationId ?? ''))
  const { flag, categories, importance, focused, sent, read, draft, threadId, date } = item
  const also = { flag, categories, importance, focused, sent }
  const copy = mailbox.add({ raw: mailbox.raw(item), folder: key, date, read, draft, threadId, also })
  return messageReply(call, copy, 201)
}

const MAX_TRANSLATED = 1000

/** `POST /me/translateExchangeIds` between the usual and the immutable form. */
export function translateIds(call: GraphCall): Reply {
  admit(call, 'read')
  const { inputIds, targetIdType } = readJson(call)
  if (!Array.isArray(inputIds) || inputIds.length > MAX_TRANSLATED) {
    return fail(400, 'BadRequest', `inputIds must be a list of at most ${MAX_TRANSLATED} ids.`)
  }
  const immutable = targetIdType === 'restImmutableEntryId'
  const value = inputIds.map((sourceId: unknown) => {
    const item = call.mailbox.find(String(sourceId))
    return item
      ? { sourceId, targetId: call.mailbox.wireId(item, immutable) }
      : { sourceId, errorDetails: { code: 'ErrorItemNotFound', message: 'Not found.' } }
  })
  return json({ value })
}
