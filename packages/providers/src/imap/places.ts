import type { ImapFlow } from 'imapflow'
import { fetchRows } from './fetch-rows.ts'
import { inSets, packUids, type UidRange, uidsIn } from './uids.ts'

/** Where a message lies in a folder, and the flags that it has there. */
export type Place = {
  uid: number
  /** As the server writes them, sorted, without \Recent. */
  flags: string[]
  /** When it last changed, where the server keeps MODSEQ (RFC 7162). */
  modseq: bigint | null
}

/** What is stored of a folder's places. */
export type KnownPlaces = {
  /** How many there are with a UID below this. null: the folder is being listed, so they are not all stored yet. */
  count(below: number): Promise<number | null>
  /** Those in the range, ascending, `limit` at most. */
  range(range: UidRange, limit: number): Promise<{ uid: number; flags: readonly string[] }[]>
}

/** More than any person sets (I13). */
const FLAGS_MAX = 100

export const flagsOf = (flags: Iterable<string> = []): string[] =>
  [...new Set(flags)]
    .filter(flag => flag.toLowerCase() !== '\\recent' && /^[^\s\0]{1,100}$/.test(flag))
    .sort()
    .slice(0, FLAGS_MAX)

/** The places of these UIDs in the selected folder, as far as they exist, ascending. */
export async function placesOf(client: ImapFlow, uids: readonly number[]): Promise<Place[]> {
  if (uids.length === 0) return []
  const rows = await fetchRows(client, uids, { flags: true })
  const found = [...rows.values()].flatMap(({ uid, flags, modseq = null }) =>
    flags ? { uid, flags: flagsOf(flags), modseq } : [],
  )
  return found.sort((a, b) => a.uid - b.uid)
}

/**
 * Which of these are gone. A search that leaves one out is not enough to remove it (I7): a second, different command
 * has to find nothing either.
 */
export async function confirmGone(client: ImapFlow, suspects: readonly number[]): Promise<number[]> {
  const gone: number[] = []
  for (const set of inSets(suspects)) {
    const rows = await client.fetchAll(packUids(set), { uid: true }, { uid: true })
    const there = new Set(rows.map(({ uid }) => uid))
    gone.push(...set.filter(uid => !there.has(uid)))
  }
  return gone
}

/** Newest first. `rest`: the UID below which the next page lies; null: nothing lies there. */
export type PlacesBelow = { places: Place[]; rest: number | null }

/**
 * One page of a folder's places: those below `before`. Some may vanish while it is read, so fewer than `limit` are no
 * sign that it is the last.
 */
export async function placesBelow(client: ImapFlow, before: number, limit: number): Promise<PlacesBelow> {
  const { uids, rest } = await uidsBelow(client, before, limit)
  return { places: (await placesOf(client, uids)).reverse(), rest }
}

/** The UIDs of such a page, ascending. */
export async function uidsBelow(
  client: ImapFlow,
  before: number,
  limit: number,
): Promise<{ uids: number[]; rest: number | null }> {
  if (before <= 1) return { uids: [], rest: null }
  // The span grows until it holds a page: UIDs may lie far apart.
  for (let span = limit * 4; ; span *= 16) {
    const first = Math.max(1, before - span)
    const uids = await uidsIn(client, { first, last: before - 1 })
    if (uids.length < limit && first > 1) continue
    const page = uids.slice(-limit)
    const lowest = page[0] ?? 1
    return { uids: page, rest: lowest > 1 && page.length === limit ? lowest : null }
  }
}
