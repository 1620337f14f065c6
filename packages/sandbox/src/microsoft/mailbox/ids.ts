import { createHash } from 'node:crypto'
import type { OutlookAccount, StoredItem } from './types.ts'

/**
 * Exchange's ids as they look from outside: base64url, case-sensitive, long. The usual id of a
 * message holds its folder's number and its count of moves, so every move changes it; the immutable
 * one holds the message alone. Folders and conversations have one stable id.
 */
const IMMUTABLE = 'AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A'
const USUAL = 'AAMkA'
const CONVERSATION = 'AAQkA'
const TAIL = 'AAA='
const ITEM_BYTES = 8

type Owner = Pick<OutlookAccount, 'userId'>

export function immutableId(owner: Owner, item: string): string {
  return `${IMMUTABLE}${Buffer.concat([digest(owner.userId), bytesOf(item)]).toString('base64url')}${TAIL}`
}

export function usualId(owner: Owner, item: string, folderNumber: number, moves: number): string {
  const place = Buffer.alloc(9)
  place.writeUInt32BE(folderNumber, 1)
  place.writeUInt32BE(moves, 5)
  return exchangeId(USUAL, owner, 0x46, Buffer.concat([place, bytesOf(item)]))
}

export function folderId(owner: Owner, number: number): string {
  const place = Buffer.alloc(8)
  place.writeUInt32BE(number, 4)
  return exchangeId(USUAL, owner, 0x2e, place)
}

export function conversationId(owner: Owner, threadId: string): string {
  return exchangeId(CONVERSATION, owner, 0x10, bytesOf(threadId))
}

/** 22 bytes for the conversation, five more for a reply, as Exchange builds them. */
export function conversationIndex(item: StoredItem): string {
  const thread = createHash('sha1').update(item.threadId).digest().subarray(0, 16)
  const time = Buffer.alloc(6)
  time.writeUIntBE(Math.floor(item.date / 65_536), 1, 5)
  time[0] = 1
  const reply = item.threadId === item.id ? Buffer.alloc(0) : bytesOf(item.id).subarray(3)
  return Buffer.concat([time, thread, reply]).toString('base64')
}

export function changeKey(owner: Owner, change: number): string {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(change))
  return `CQAAABYAAAA${Buffer.concat([digest(owner.userId), number]).toString('base64')}`
}

/** The message inside an id of either form; undefined when it is no id at all. The caller compares the whole. */
export function itemOf(id: string): string | undefined {
  const prefix = [IMMUTABLE, USUAL].find(start => id.startsWith(start))
  if (prefix === undefined || !id.endsWith(TAIL)) return undefined
  const body = id.slice(prefix.length, -TAIL.length)
  if (!/^[\w-]+$/.test(body)) return undefined
  const bytes = Buffer.from(body, 'base64url')
  return bytes.length > ITEM_BYTES ? bytes.subarray(-ITEM_BYTES).toString('hex') : undefined
}

/** True when it looks like an id of Exchange, of whatever thing and mailbox. */
export function looksLikeId(id: string): boolean {
  return /^AA[A-Za-z]kA[\w-]{20,}=$/.test(id)
}

function exchangeId(prefix: string, owner: Owner, kind: number, own: Buffer): string {
  const head = Buffer.concat([Buffer.from(owner.userId), Buffer.from([0, kind, 0, 0, 0, 0, 0])])
  return `${prefix}${Buffer.concat([head, digest(owner.userId), own]).toString('base64url')}${TAIL}`
}

/** One for each account: ids are made by the thousand. */
const digests = new Map<string, Buffer>()

function digest(userId: string): Buffer {
  const known = digests.get(userId)
  if (known) return known
  const made = createHash('sha1').update(userId).digest().subarray(0, 16)
  digests.set(userId, made)
  return made
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.padStart(ITEM_BYTES * 2, '0'), 'hex')
}
