import { type PlaceReader, type PulledPlace, UID_LAST } from '@inlet/sync/places'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { ListedPage, PulledPage } from '@inlet/sync/provider-port'
import type { World } from '@inlet/sync/world'
import { codeOf } from './errors.ts'
import { type MailFolder, mailboxIdOf } from './folders.ts'
import { withIdentities } from './identities.ts'
import { type At, type FolderRef, inFolder, type View } from './in-folder.ts'
import { confirmGone, type Place } from './places.ts'
import { type FolderCursor, folderCursor, listFolder, pullFolder } from './pull-folder.ts'
import { ONLY_VERSION } from './to-message.ts'
import { nothingNew } from './tree.ts'
import { readWhole } from './whole-page.ts'

/** `sweptAt`: when every place was last compared with the server's. */
type Cursor = FolderCursor & { sweptAt: number }

/** So often everything is compared, whatever the server tells by itself. */
const SWEEP_MS = 6 * 60 * 60_000
const PAGE = 250
/** Whole messages are as many as are stored at once. */
const WHOLE_PAGE = 100
/** Stored places looked through for the ids of a page's messages; wider pages are asked of the server. */
const SPAN = 2_000
/** Stored places between the ends of a listed page: of more, the others wait for the next listing. */
const STORED_MAX = 5_000

/**
 * What is stored of this epoch already was listed before this cursor: its flags may have changed in between, and a
 * listing only adds, so everything is compared once the folder has been listed. And so it is where no MODSEQ tells what
 * changed while it was listed.
 */
export async function currentCursor(
  at: At,
  folder: MailFolder,
  places: PlaceReader,
  world: World,
): Promise<string> {
  const { cursor, exists } = await folderCursor(at, folder.path, mailboxIdOf(folder))
  const stored = await places.count(folder.key, cursor.uidValidity, cursor.uidNext)
  const told = stored === 0 && (exists === 0 || cursor.highestModseq !== null)
  return JSON.stringify({ ...cursor, sweptAt: told ? world.now() : 0 } satisfies Cursor)
}

/** Every place is to be compared. */
export const sweepDue = ({ sweptAt }: Cursor, world: World): boolean => world.now() - sweptAt > SWEEP_MS

/** The changes of a folder, with the messages that they are about. */
export async function* pullChanges(
  at: At,
  folder: MailFolder,
  said: string,
  places: PlaceReader,
  world: World,
): AsyncGenerator<PulledPage> {
  const cursor = readCursor(said)
  const { key, path } = folder
  const epoch = cursor.uidValidity
  const known = {
    count: (below: number) => places.count(key, epoch, below),
    range: (range: { first: number; last: number }, limit: number) => places.range(key, epoch, range, limit),
  }
  const sweep = sweepDue(cursor, world) && (await known.count(cursor.uidNext)) !== null
  const sweptAt = sweep ? world.now() : cursor.sweptAt
  const view: View = new WeakSet()
  try {
    for await (const page of pullFolder(
      at,
      path,
      cursor,
      known,
      sweep ? 'all' : 'news',
      view,
      mailboxIdOf(folder),
    )) {
      const ids = await idsOf(places, key, epoch, page.places)
      const put = await withIdentities(at, { path, uidValidity: BigInt(epoch) }, page.places, view, ids)
      yield {
        ...nothingNew(),
        places: { epoch, put, gone: page.vanished },
        touched: touchedBy(put),
        cursor: page.cursor && JSON.stringify({ ...page.cursor, sweptAt } satisfies Cursor),
      }
    }
  } catch (error) {
    if (codeOf(error) !== 'folder_missing') throw error
    // The tree is told to look, and will end this folder.
    yield { ...nothingNew(), cursor: said, labelsChanged: true }
  }
}

const touchedBy = (put: readonly PulledPlace[]) =>
  [...new Set(put.map(({ messageId }) => messageId))].map(id => ({ id, version: ONLY_VERSION }))

/** Of places that are stored the messages are known. */
async function idsOf(
  places: PlaceReader,
  key: string,
  epoch: string,
  page: readonly Place[],
): Promise<Map<number, string>> {
  const uids = page.map(({ uid }) => uid)
  const [first, last] = [Math.min(...uids), Math.max(...uids)]
  if (uids.length === 0 || last - first >= SPAN) return new Map()
  const stored = await places.range(key, epoch, { first, last }, SPAN)
  return new Map(stored.map(({ uid, messageId }) => [uid, messageId]))
}

/**
 * The position is the epoch and the UID below which the next page lies. Of what is stored between its ends, and not
 * listed, the server is asked again: only what it confirms is told to be gone (I7). With a view for it a page is
 * read whole, with its messages; otherwise they are told from each other first, and whoever wants them fetches them.
 */
export async function listPage(
  at: At,
  listed: MailFolder,
  position: string | null,
  stored: PlaceReader,
  whole: View | null = null,
  size = whole ? WHOLE_PAGE : PAGE,
): Promise<ListedPage> {
  const [, epoch = '', before = ''] = /^(\d{1,10}):(\d{1,10})$/.exec(position ?? '') ?? []
  if (position !== null && !epoch)
    throw new ProviderError('cursor_expired', 'This is no position in a folder.')
  const { path } = listed
  const now = epoch === '' ? await folderCursor(at, path, mailboxIdOf(listed)) : null
  const from = now
    ? { epoch: now.cursor.uidValidity, before: now.cursor.uidNext }
    : { epoch, before: Number(before) }
  const folder = { path, uidValidity: BigInt(from.epoch) }
  const view: View = whole ?? new WeakSet()
  const { put, messages, rest } = whole
    ? await readWhole(at, { ...folder, key: listed.key }, from.before, size, view)
    : await readPlaces(at, folder, from.before, size, view)
  const span = { first: rest ?? 1, last: now ? UID_LAST : from.before - 1 }
  const known = await stored.range(listed.key, from.epoch, span, STORED_MAX)
  const there = new Set(put.map(({ uid }) => uid))
  const suspects = known.map(({ uid }) => uid).filter(uid => !there.has(uid))
  return {
    items: [...new Set(put.map(({ messageId }) => messageId))].map(id => ({
      id,
      message: messages?.get(id) ?? null,
    })),
    places: { epoch: from.epoch, put, gone: await goneOf(at, folder, suspects, view) },
    next: rest === null ? null : `${from.epoch}:${rest}`,
    total: now?.exists ?? null,
  }
}

async function readPlaces(at: At, folder: FolderRef, before: number, size: number, view: View) {
  const { places, rest } = await listFolder(at, folder, before, size, view)
  return { put: await withIdentities(at, folder, places, view), messages: null, rest }
}

/** Which of these are gone, on the server's word. */
async function goneOf(at: At, folder: FolderRef, suspects: readonly number[], view: View): Promise<number[]> {
  if (suspects.length === 0) return []
  return await inFolder(at, folder, { action: `list ${folder.path}`, view }, client =>
    confirmGone(client, suspects),
  )
}

export function readCursor(said: string): Cursor {
  const invalid = () => new ProviderError('cursor_expired', 'This says nothing about a folder.')
  let value: unknown
  try {
    value = JSON.parse(said)
  } catch {
    throw invalid()
  }
  const { uidValidity, uidNext, highestModseq, sweptAt } = (value ?? {}) as Partial<Cursor>
  if (typeof uidValidity !== 'string' || !/^\d{1,10}$/.test(uidValidity) || !Number.isSafeInteger(uidNext))
    throw invalid()
  return {
    uidValidity,
    uidNext: Number(uidNext),
    highestModseq: typeof highestModseq === 'string' ? highestModseq : null,
    sweptAt: Number(sweptAt) || 0,
  }
}
