import type { ImapFlow } from 'imapflow'
import { atom, command, sequence, wordOf } from './command.ts'
import { type At, inFolder, renumbered, type View } from './in-folder.ts'
import {
  confirmGone,
  flagsOf,
  type KnownPlaces,
  type Place,
  type PlacesBelow,
  placesBelow,
  placesOf,
} from './places.ts'
import { inLines, inSets, readUids, searchUids, type UidRange, uidsIn } from './uids.ts'

/** Up to where a folder is known. JSON-safe. */
export type FolderCursor = {
  uidValidity: string
  uidNext: number
  /** null where the server keeps none for this folder (RFC 7162 NOMODSEQ). */
  highestModseq: string | null
}

export type FolderPage = {
  /** New places, and known ones with other flags. */
  places: Place[]
  /** Known UIDs that are expunged, on the server's word. */
  vanished: number[]
  /** Set on the last page, when everything up to it has been yielded (I1). */
  cursor: FolderCursor | null
}

/**
 * `news`: what a doorbell may mean. `all`: every stored place is compared, whatever extensions there are; it mends
 * what was missed. Only servers without CONDSTORE differ: there `news` looks for other flags among the newest only.
 */
export type Depth = 'news' | 'all'

/** Stored places compared at a time, and those of a page. */
const CHUNK = 2_000
const PAGE = 500
/** Expunges told of what is not stored, while the folder is listed. */
const UNLISTED_MAX = 2_000
/** UIDs below uidNext whose flags are compared for `news` where there is no CONDSTORE. */
const RECENT_UIDS = 2_000

type Now = {
  cursor: FolderCursor
  uidValidity: bigint
  exists: number
  tracked: 'qresync' | 'condstore' | 'no'
}
/** Runs commands in the folder, each on a connection of its own lease, so that urgent work goes between them. */
type Run = <T>(work: (client: ImapFlow) => Promise<T>) => Promise<T>

/** A cursor for "now", and how many messages the folder has. */
export async function folderCursor(
  at: At,
  path: string,
  mailboxId: string | null = null,
): Promise<{ cursor: FolderCursor; exists: number }> {
  const { cursor, exists } = await look(at, path, new WeakSet(), mailboxId)
  return { cursor, exists }
}

/** A page of a folder's places below a UID (from the newest on: the cursor's uidNext), newest first. */
export async function listFolder(
  at: At,
  folder: { path: string; uidValidity: bigint },
  before: number,
  limit = PAGE,
  view: View = new WeakSet(),
): Promise<PlacesBelow> {
  return await inFolder(at, folder, { action: `list ${folder.path}`, view }, client =>
    placesBelow(client, before, limit),
  )
}

/**
 * What changed in a folder since the cursor, in pages, each of which may be stored at once (RFC 4549 §4.3). Expunges
 * come from VANISHED (QRESYNC, RFC 7162) or from comparing UIDs in bounded ranges; other flags from CHANGEDSINCE
 * or from comparing flags. Throws ProviderError; `cursor_expired` when UIDVALIDITY is another: then the folder must
 * be listed anew, and the cursor says nothing (I9).
 */
export async function* pullFolder(
  at: At,
  path: string,
  cursor: FolderCursor,
  known: KnownPlaces,
  depth: Depth = 'news',
  view: View = new WeakSet(),
  mailboxId: string | null = null,
): AsyncGenerator<FolderPage> {
  const now = await look(at, path, view, mailboxId)
  if (now.cursor.uidValidity !== cursor.uidValidity) throw renumbered(path, `read the changes of ${path}`)
  const options = { action: `read the changes of ${path}`, view }
  const run: Run = work => inFolder(at, { path, uidValidity: now.uidValidity }, options, work)
  const last = cursor.uidNext - 1

  const beyond = { first: cursor.uidNext, last: now.cursor.uidNext - 1 }
  // A listing, or a run that did not end, may have stored what lay there; no later cursor tells that it has gone.
  if (beyond.last >= beyond.first) yield* compare(run, known, beyond, 'gone')
  let arrived = 0
  for await (const places of arrivals(run, beyond)) {
    arrived += places.length
    yield { places, vanished: [], cursor: null }
  }

  if (last >= 1) {
    const all = { first: 1, last }
    const listing = (await known.count(cursor.uidNext)) === null
    const before = BigInt(cursor.highestModseq ?? 0)
    const after = BigInt(now.cursor.highestModseq ?? 0)
    // A MODSEQ that went back, or was not there before, has no history that could be asked for.
    const tracked = before > 0n && after >= before ? now.tracked : 'no'
    if (depth === 'all' || (tracked === 'no' && now.tracked !== 'no'))
      yield* compare(run, known, all, 'flags')
    else if (tracked === 'qresync') {
      if (after > before) yield* resync(run, known, last, before, listing)
    } else {
      if (tracked === 'condstore' && after > before) yield* changed(run, last, before)
      if (tracked === 'no')
        yield* compare(run, known, { first: Math.max(1, last - RECENT_UIDS + 1), last }, 'flags')
      // What a listing has not brought yet is its business, and until then the number says nothing.
      if (listing) yield* compare(run, known, all, 'gone')
    }
    // Neither CONDSTORE nor a look at the newest tells of older ones that are gone, and what QRESYNC tells may have come
    // between a listing's pages; the number shows it.
    const stored = await known.count(cursor.uidNext)
    if (stored !== null && stored + arrived !== now.exists) yield* compare(run, known, all, 'there')
  }
  yield { places: [], vanished: [], cursor: now.cursor }
}

/** The folder's counters, all as they were when it was selected: later ones would skip what came meanwhile. */
async function look(at: At, path: string, view: View, mailboxId: string | null): Promise<Now> {
  const options = { action: `open ${path}`, view }
  return await inFolder(at, { path, uidValidity: null }, options, async (client, mailbox) => {
    const { uidValidity, exists, highestModseq, noModseq } = mailbox
    // Renamed since it was listed, and another one has its path.
    if (mailboxId !== null && mailbox.mailboxId && mailbox.mailboxId !== mailboxId)
      throw Object.assign(new Error('another folder has this path'), { mailboxMissing: true })
    const modseq = noModseq || !highestModseq ? null : String(highestModseq)
    const uidNext = mailbox.uidNext || (await uidAfterAll(client, exists))
    const qresync = client.enabled.has('QRESYNC')
    const condstore = client.enabled.has('CONDSTORE') || qresync
    return {
      cursor: { uidValidity: String(uidValidity), uidNext, highestModseq: modseq },
      uidValidity,
      exists,
      tracked: modseq === null ? 'no' : qresync ? 'qresync' : condstore ? 'condstore' : 'no',
    }
  })
}

/** For servers that do not tell UIDNEXT when a folder is selected. */
async function uidAfterAll(client: ImapFlow, exists: number): Promise<number> {
  if (exists === 0) return 1
  const newest = await client.fetchOne('*', { uid: true })
  if (!newest) throw Object.assign(new Error('the newest message has no UID'), { code: 'garbled' })
  return newest.uid + 1
}

async function* arrivals(run: Run, range: UidRange): AsyncGenerator<Place[]> {
  if (range.last < range.first) return
  // A few are asked for at once; of many only the numbers first.
  const narrow = range.last - range.first < PAGE
  const uids = narrow
    ? Array.from({ length: range.last - range.first + 1 }, (_, at) => range.first + at)
    : await run(client => uidsIn(client, range))
  yield* pagesOf(run, uids)
}

async function* pagesOf(
  run: Run,
  uids: readonly number[],
  sets: Iterable<number[]> = inSets(uids, PAGE),
): AsyncGenerator<Place[]> {
  for (const set of sets) {
    const places = await run(client => placesOf(client, set))
    if (places.length > 0) yield places
  }
}

/** CONDSTORE without QRESYNC: which changed, then how they are now. */
async function* changed(run: Run, last: number, since: bigint): AsyncGenerator<FolderPage> {
  const criteria = [atom('UID'), sequence(`1:${last}`), atom('MODSEQ'), atom(`${since + 1n}`)]
  const uids = await run(client => searchUids(client, criteria, { first: 1, last }))
  for await (const places of pagesOf(run, uids)) yield { places, vanished: [], cursor: null }
}

/** QRESYNC: changes and expunges in one answer. The range ends in a number: with `*` Cyrus leaves out expunges. */
async function* resync(
  run: Run,
  known: KnownPlaces,
  last: number,
  since: bigint,
  listing: boolean,
): AsyncGenerator<FolderPage> {
  const first: Place[] = []
  const more: number[] = []
  const gone: UidRange[] = []
  const modifiers = [atom('CHANGEDSINCE'), atom(`${since}`), atom('VANISHED')]
  await run(client =>
    command(client, 'UID FETCH', [sequence(`1:${last}`), [atom('UID'), atom('FLAGS')], modifiers], {
      FETCH: ({ attributes: [, items] }) => {
        const place = readPlace(items)
        // All may have changed: their flags are asked for again, page by page.
        if (place && place.uid <= last)
          if (first.length < PAGE) first.push(place)
          else more.push(place.uid)
      },
      VANISHED: ({ attributes }) => {
        for (const range of readUids(wordOf(attributes.at(-1)))) if (range.first <= last) gone.push(range)
      },
    }),
  )
  if (first.length > 0) yield { places: first, vanished: [], cursor: null }
  for await (const places of pagesOf(run, more)) yield { places, vanished: [], cursor: null }
  // A page of the listing that was read before may still bring them.
  const unlisted = listing ? [...uidsOf(gone, last)] : []
  for (const vanished of inSets(unlisted, PAGE)) yield { places: [], vanished, cursor: null }
  for (const range of gone)
    for await (const stored of storedIn(known, { first: range.first, last: Math.min(range.last, last) }))
      if (stored.length > 0) yield { places: [], vanished: stored.map(({ uid }) => uid), cursor: null }
}

/** As many as could matter: of more, what a listing brings back is found when it has ended. */
function* uidsOf(ranges: readonly UidRange[], last: number): Generator<number> {
  let left = UNLISTED_MAX
  for (const range of ranges.toReversed())
    for (let uid = Math.min(range.last, last); uid >= range.first && left > 0; uid -= 1, left -= 1) yield uid
}

/** What is compared: who of those stored is gone, who is there at all, or also their flags. */
type Compared = 'gone' | 'there' | 'flags'

/** The stored places of a range against the server's. */
async function* compare(
  run: Run,
  known: KnownPlaces,
  range: UidRange,
  what: Compared,
): AsyncGenerator<FolderPage> {
  let { first } = range
  for await (const stored of storedIn(known, range)) {
    const end = stored.length < CHUNK ? range.last : (stored.at(-1)?.uid ?? range.last)
    const span = { first, last: end }
    first = end + 1
    if (what === 'gone' && stored.length === 0) continue
    const before = new Map(stored.map(place => [place.uid, flagsOf(place.flags).join(' ')]))
    const present = await run(client => uidsIn(client, span))
    const there = new Set(present)
    const suspects = stored.map(({ uid }) => uid).filter(uid => !there.has(uid))
    const vanished = suspects.length === 0 ? [] : await run(client => confirmGone(client, suspects))
    if (vanished.length > 0) yield { places: [], vanished, cursor: null }
    if (what === 'gone') continue
    const looked = what === 'flags' ? present : present.filter(uid => !before.has(uid))
    for await (const places of pagesOf(run, looked, inLines(looked, CHUNK))) {
      const others = places.filter(place => before.get(place.uid) !== place.flags.join(' '))
      for (const page of inSets(others, PAGE)) yield { places: page, vanished: [], cursor: null }
    }
  }
}

/** What is stored of a range, in chunks; the last one is shorter than CHUNK, maybe empty. */
async function* storedIn(known: KnownPlaces, range: UidRange) {
  for (let { first } = range; ; ) {
    const stored = await known.range({ first, last: range.last }, CHUNK)
    yield stored
    const last = stored.at(-1)?.uid
    if (stored.length < CHUNK || last === undefined) return
    first = last + 1
  }
}

/** `(UID 7 FLAGS (\Seen) MODSEQ (12))` */
function readPlace(items: unknown): Place | null {
  if (!Array.isArray(items)) return null
  const place: Place = { uid: 0, flags: [], modseq: null }
  for (let at = 0; at + 1 < items.length; at += 2) {
    const name = wordOf(items[at]).toUpperCase()
    const value: unknown = items[at + 1]
    const words = Array.isArray(value) ? value.map(wordOf) : []
    if (name === 'UID') place.uid = Number(wordOf(value))
    if (name === 'FLAGS') place.flags = flagsOf(words)
    if (name === 'MODSEQ' && /^\d{1,19}$/.test(words[0] ?? '')) place.modseq = BigInt(words[0] ?? 0)
  }
  return Number.isSafeInteger(place.uid) && place.uid > 0 ? place : null
}
