import type { ImapFlow } from 'imapflow'
import { atom, command, sequence, type Token, wordOf } from './command.ts'

/** Both ends belong to it. */
export type UidRange = { first: number; last: number }

export const UID_MAX = 4_294_967_295
/** More than any folder holds; a server that names more is not believed. */
const UIDS_MAX = 5_000_000
/** So many in a command keep its line below the 8,192 octets that RFC 7162 §4 asks for, however sparse they are. */
const SET_MAX = 500
/** The same, for sets whose length is known; the rest is the command's. */
const LINE_OCTETS = 7_500

/** UIDs as RFC 3501's sequence-set, runs as ranges: 1,2,3,7 → `1:3,7`. */
export function packUids(uids: readonly number[]): string {
  const parts: string[] = []
  const sorted = uids.toSorted((a, b) => a - b)
  for (let at = 0; at < sorted.length; ) {
    let end = at
    while ((sorted[end + 1] ?? 0) - (sorted[end] ?? 0) <= 1 && end + 1 < sorted.length) end += 1
    const [first = 0, last = 0] = [sorted[at], sorted[end]]
    parts.push(first === last ? `${first}` : `${first}:${last}`)
    at = end + 1
  }
  return parts.join(',')
}

/** A server's sequence-set as ranges in its order; what is no number is left out. */
export function readUids(set: string): UidRange[] {
  return set.split(',').flatMap(part => {
    const [, a = '', b = a] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(part.trim()) ?? []
    const [first, last] = [Math.min(Number(a), Number(b)), Math.max(Number(a), Number(b))]
    return a !== '' && first > 0 && last <= UID_MAX ? [{ first, last }] : []
  })
}

/** Ascending UIDs in the fewest commands: runs of them take little room in a line. `most` at a time. */
export function* inLines(uids: readonly number[], most: number): Generator<number[]> {
  let set: number[] = []
  let octets = 0
  for (const uid of uids) {
    const runs = uid - (set.at(-1) ?? Number.NaN) === 1
    octets += runs ? 0 : 2 * (`${uid}`.length + 1)
    if (set.length >= most || octets > LINE_OCTETS) {
      yield set
      set = []
      octets = 2 * (`${uid}`.length + 1)
    }
    set.push(uid)
  }
  if (set.length > 0) yield set
}

export function* inSets<T>(all: readonly T[], size = SET_MAX): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size)
}

/**
 * UIDs of the selected folder that meet the criteria, ascending (RFC 3501 UID SEARCH; compact by RFC 4731 where the
 * server can). Throws where no answer came: silence is not "none".
 */
export async function searchUids(
  client: ImapFlow,
  criteria: Token[],
  within: UidRange = { first: 1, last: UID_MAX },
): Promise<number[]> {
  const found: number[] = []
  let answered = false
  const add = ({ first, last }: UidRange) => {
    for (let uid = Math.max(first, within.first); uid <= Math.min(last, within.last); uid += 1) {
      if (found.length >= UIDS_MAX)
        throw Object.assign(new Error('too many UIDs'), { code: 'ResponseTooLarge' })
      found.push(uid)
    }
  }
  const extended = client.capabilities.has('ESEARCH') ? [atom('RETURN'), [atom('ALL')]] : []
  await command(client, 'UID SEARCH', [...extended, ...criteria], {
    SEARCH: ({ attributes }) => {
      answered = true
      for (const each of attributes) for (const range of readUids(wordOf(each))) add(range)
    },
    ESEARCH: ({ attributes }) => {
      answered = true
      const at = attributes.findIndex(each => wordOf(each).toUpperCase() === 'ALL')
      if (at >= 0) for (const range of readUids(wordOf(attributes[at + 1]))) add(range)
    },
  })
  if (!answered) throw Object.assign(new Error('no answer to SEARCH'), { code: 'garbled' })
  const sorted = found.sort((a, b) => a - b)
  return sorted.filter((uid, at) => uid !== sorted[at - 1])
}

/** Those that exist in the range. */
export const uidsIn = (client: ImapFlow, { first, last }: UidRange): Promise<number[]> =>
  searchUids(client, [atom('UID'), sequence(`${first}:${last}`)], { first, last })
