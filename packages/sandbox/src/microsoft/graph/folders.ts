import type { MailFolder } from '@microsoft/microsoft-graph-types'
import { json, noContent, type Reply } from '../../http/reply.ts'
import type { Params } from '../../http/router.ts'
import { badRequest, fail } from '../errors.ts'
import { folderId } from '../mailbox/ids.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { StoredFolder } from '../mailbox/types.ts'
import { isWellKnown } from '../mailbox/well-known.ts'
import { dig, readQuery, sorted } from '../odata/query.ts'
import { admit, contextOf, folderOf, type GraphCall, readJson } from './call.ts'
import { nextLink } from './messages.ts'

const DEFAULT_PAGE = 10

/** A folder as v1.0 shows it: its well-known name is not among its properties. */
export function folderResource(
  mailbox: OutlookMailbox,
  folder: StoredFolder,
): MailFolder & { sizeInBytes: number } {
  const { account, folders } = mailbox
  const { total, unread, size } = mailbox.folderItems(folder.key)
  return {
    id: folderId(account, folder.number),
    displayName: folder.name,
    parentFolderId: folderId(account, folders.number(folder.parent ?? folder.key)),
    childFolderCount: folders.children(folder.key).length,
    unreadItemCount: unread,
    totalItemCount: total,
    sizeInBytes: size,
    isHidden: folder.hidden,
  }
}

/** `GET /me/mailFolders` (the top level) or a folder's `childFolders`: ten a page unless `$top` says more. */
export function listFolders(call: GraphCall, { folder = 'msgfolderroot' }: Params): Reply {
  admit(call, 'read')
  const query = readQuery(call.request.query)
  const hidden = call.request.query.get('includeHiddenFolders') === 'true'
  const children = call.mailbox.folders
    .children(folderOf(call, folder).key)
    .filter(child => hidden || !child.hidden)
    .map(child => folderResource(call.mailbox, child))
  const { filter } = query
  const kept = filter ? children.filter(child => filter.test(path => dig(child, path))) : children
  const all = sorted(kept, query.orderBy, dig)
  const size = query.top ?? call.prefer.maxPageSize ?? DEFAULT_PAGE
  const more = all.length > query.skip + size
  return json({
    '@odata.context': contextOf(call, 'mailFolders'),
    ...(query.count && { '@odata.count': all.length }),
    value: all.slice(query.skip, query.skip + size).map(child => pick(child, query.select)),
    ...(more && { '@odata.nextLink': nextLink(call, query.skip + size) }),
  })
}

export function pick(folder: MailFolder, select: readonly string[] | null): object {
  if (select === null) return folder
  const names = ['id', ...select].map(name => name.toLowerCase())
  return Object.fromEntries(Object.entries(folder).filter(([name]) => names.includes(name.toLowerCase())))
}

export function getFolder(call: GraphCall, { folder = '' }: Params): Reply {
  admit(call, 'read')
  return folderReply(call, folderOf(call, folder))
}

function folderReply(call: GraphCall, folder: StoredFolder, status = 200): Reply {
  const { select } = readQuery(call.request.query)
  const context = contextOf(call, 'mailFolders/$entity')
  return json({ '@odata.context': context, ...pick(folderResource(call.mailbox, folder), select) }, status)
}

export function createFolder(call: GraphCall, { folder = 'msgfolderroot' }: Params): Reply {
  admit(call, 'write')
  const parent = folderOf(call, folder)
  const body = readJson(call)
  const name = readName(call, body.displayName, parent.key)
  return folderReply(call, call.mailbox.createFolder(name, parent.key, body.isHidden === true), 201)
}

export function renameFolder(call: GraphCall, { folder = '' }: Params): Reply {
  admit(call, 'write')
  const found = ordinary(folderOf(call, folder))
  const name = readName(call, readJson(call).displayName, found.parent ?? '', found)
  return folderReply(call, call.mailbox.putFolder({ ...found, name }))
}

/** `POST …/move`: 200, with the same id. */
export function moveFolder(call: GraphCall, { folder = '' }: Params): Reply {
  admit(call, 'write')
  const found = ordinary(folderOf(call, folder))
  const target = folderOf(call, String(readJson(call).destinationId ?? ''))
  if (call.mailbox.folders.isWithin(target.key, found.key)) {
    fail(400, 'ErrorMoveCopyFailed', 'A folder cannot be moved into itself.')
  }
  readName(call, found.name, target.key, found)
  return folderReply(call, call.mailbox.putFolder({ ...found, parent: target.key }))
}

/** `DELETE`: into Deleted Items; from there for good, with all that is in it. */
export function deleteFolder(call: GraphCall, { folder = '' }: Params): Reply {
  admit(call, 'write')
  const found = ordinary(folderOf(call, folder))
  const { folders } = call.mailbox
  if (folders.isWithin(found.key, 'deleteditems')) call.mailbox.deleteFolder(found)
  else call.mailbox.putFolder({ ...found, parent: 'deleteditems' })
  return noContent
}

function ordinary(folder: StoredFolder): StoredFolder {
  if (!isWellKnown(folder.key)) return folder
  return fail(400, 'ErrorDeleteDistinguishedFolder', 'Distinguished folders cannot be changed or deleted.')
}

function readName(call: GraphCall, value: unknown, parent: string, self?: StoredFolder): string {
  if (typeof value !== 'string' || value.trim() === '') {
    return badRequest("Property 'displayName' is required.", 'ErrorInvalidParameter')
  }
  const taken = call.mailbox.folders
    .children(parent)
    .some(child => child.key !== self?.key && child.name.toLowerCase() === value.toLowerCase())
  if (!taken) return value
  return fail(409, 'ErrorFolderExists', 'A folder with the specified name already exists.')
}
