import type { Request } from '../../http/router.ts'
import type { Mailbox } from '../../mailbox/mailbox.ts'
import type { StoredMessage } from '../../mailbox/types.ts'
import { forbidden, insufficientScope, invalid, notFound } from '../errors.ts'
import type { Google } from '../google.ts'
import type { Caller } from '../oauth/tokens.ts'
import type { QuotaMethod } from '../quota.ts'
import type { Format } from './message-resource.ts'

const AUTH = 'https://www.googleapis.com/auth/'
const FULL = 'https://mail.google.com/'
/** Scopes that allow each kind of call. */
const ALLOWED = {
  read: [FULL, `${AUTH}gmail.modify`, `${AUTH}gmail.readonly`],
  metadata: [FULL, `${AUTH}gmail.modify`, `${AUTH}gmail.readonly`, `${AUTH}gmail.metadata`],
  modify: [FULL, `${AUTH}gmail.modify`],
  labels: [FULL, `${AUTH}gmail.modify`, `${AUTH}gmail.labels`],
  insert: [FULL, `${AUTH}gmail.modify`, `${AUTH}gmail.insert`],
  send: [FULL, `${AUTH}gmail.modify`, `${AUTH}gmail.send`, `${AUTH}gmail.compose`],
  compose: [FULL, `${AUTH}gmail.modify`, `${AUTH}gmail.compose`],
  full: [FULL],
} as const
export type Access = keyof typeof ALLOWED

/** One authorised Gmail call. */
export interface GmailCall {
  google: Google
  request: Request
  caller: Caller
  mailbox: Mailbox
}

/** Checks user, scope and quota in Google's order; every handler begins with it. */
export function admit(call: GmailCall, userId: string, access: Access, units: QuotaMethod): void {
  if (userId !== 'me' && userId.toLowerCase() !== call.caller.email)
    forbidden(`Delegation denied for ${call.caller.email}`)
  if (!ALLOWED[access].some(scope => call.caller.scopes.includes(scope))) insufficientScope()
  call.google.quota.charge(call.caller.email, units)
}

/** True when the only mail scope granted is gmail.metadata: no bodies, no searching. */
export function metadataOnly(call: GmailCall): boolean {
  return !ALLOWED.read.some(scope => call.caller.scopes.includes(scope))
}

export function messageOf(call: GmailCall, id: string): StoredMessage {
  return call.mailbox.get(id) ?? notFound()
}

export function readFormat(call: GmailCall): Format {
  const format = call.request.query.get('format')?.toLowerCase() ?? 'full'
  if (format !== 'full' && format !== 'metadata' && format !== 'minimal' && format !== 'raw') {
    return invalid(`Invalid value at 'format': "${format}"`)
  }
  if (metadataOnly(call) && (format === 'full' || format === 'raw')) {
    if (call.request.query.has('format')) forbidden("Metadata scope doesn't allow format FULL or RAW")
    return 'metadata'
  }
  return format
}

/** `maxResults`: default 100; Gmail cuts what is above its bound of 500. */
export function readMaxResults(call: GmailCall): number {
  const text = call.request.query.get('maxResults')
  if (text === null) return 100
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) invalid(`Invalid value at 'maxResults': "${text}"`)
  return value === 0 ? 100 : Math.min(500, value)
}

export function readJson(call: GmailCall): Record<string, unknown> {
  const text = call.request.body.toString('utf8')
  if (text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch {
    // Falls through to the one answer for every unreadable body.
  }
  return invalid('Invalid JSON payload received.', 'parseError')
}

export function stringList(value: unknown, name: string, max: number): string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string'))
    return invalid(`Invalid value at '${name}'`)
  if (value.length > max) return invalid(`Too many ${name}: ${value.length} of at most ${max}`)
  return value as string[]
}

/** Opaque to clients: they must hand it back as it is. */
export function encodePageToken(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

export function decodePageToken<T>(call: GmailCall, isValid: (value: unknown) => value is T): T | undefined {
  const token = call.request.query.get('pageToken')
  if (!token) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (isValid(value)) return value
  } catch {
    // Falls through to the one answer for every unreadable token.
  }
  return invalid('Invalid pageToken', 'invalidArgument')
}
