import type { Request } from '../../http/router.ts'
import type { EntraCaller } from '../entra/entra-tokens.ts'
import { accessDenied, badRequest, fail, itemNotFound, malformedId } from '../errors.ts'
import { itemOf } from '../mailbox/ids.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { StoredFolder, StoredItem } from '../mailbox/types.ts'
import type { Microsoft } from '../microsoft.ts'
import { type Preferences, readPreferences } from '../odata/prefer.ts'

/** One authorised Graph call. */
export interface GraphCall {
  microsoft: Microsoft
  request: Request
  caller: EntraCaller
  mailbox: OutlookMailbox
  prefer: Preferences
  /** Address of the service as the client called it, with the version: `http://127.0.0.1:4010/v1.0`. */
  base: string
}

const ALLOWED = {
  read: ['mail.read', 'mail.readwrite'],
  write: ['mail.readwrite'],
  send: ['mail.send'],
  user: ['user.read', 'user.readwrite', 'user.readbasic.all', 'user.read.all'],
} as const
export type Access = keyof typeof ALLOWED

/** Every handler begins with it. */
export function admit(call: GraphCall, access: Access): void {
  const granted = call.caller.scopes.map(scope => scope.toLowerCase())
  if (ALLOWED[access].some(scope => granted.includes(scope))) return
  if (access !== 'user') accessDenied()
  fail(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
}

export function createCall(parts: Omit<GraphCall, 'prefer' | 'base'>): GraphCall {
  const { headers } = parts.request
  return {
    ...parts,
    prefer: readPreferences(headers.prefer),
    base: `http://${headers.host ?? 'localhost'}/v1.0`,
  }
}

export function messageOf(call: GraphCall, id: string): StoredItem {
  if (itemOf(id) === undefined) malformedId()
  return call.mailbox.find(id) ?? itemNotFound()
}

export function draftOf(call: GraphCall, id: string): StoredItem {
  const item = messageOf(call, id)
  return item.draft ? item : fail(400, 'ErrorInvalidOperation', 'The item is not a draft.')
}

/** By id or well-known name. */
export function folderOf(call: GraphCall, idOrName: string): StoredFolder {
  return call.mailbox.folders.find(call.mailbox.account, idOrName) ?? folderNotFound(idOrName)
}

function folderNotFound(idOrName: string): never {
  return /^AA[A-Za-z]kA/.test(idOrName)
    ? fail(
        404,
        'ErrorItemNotFound',
        'The specified object was not found in the store., Default folder not found.',
      )
    : malformedId()
}

export function wireId(call: GraphCall, item: StoredItem): string {
  return call.mailbox.wireId(item, call.prefer.immutableIds)
}

export type Fields = Record<string, unknown>

export function readJson(call: GraphCall): Fields {
  const text = call.request.body.toString('utf8')
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return value
  } catch {
    // Falls through to the one answer for every unreadable body.
  }
  return badRequest(
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
  )
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A collection's `@odata.context`. */
export function contextOf(call: GraphCall, what: string): string {
  return `${call.base}/$metadata#users('${call.mailbox.account.userId}')/${what}`
}

/** The headers every good answer carries. */
export function appliedHeaders(call: GraphCall): Record<string, string> {
  const { applied } = call.prefer
  return applied.length === 0 ? {} : { 'preference-applied': applied.join(', ') }
}
