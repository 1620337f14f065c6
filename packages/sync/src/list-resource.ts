import { ahead } from './ahead.ts'
import { checkUnlisted } from './check-unlisted.ts'
import { dropPlaces, inPieces } from './drop-places.ts'
import { gather } from './gather.ts'
import { UID_LAST } from './places.ts'
import { ProviderError } from './provider-errors.ts'
import type { ListedPage, Listing } from './provider-port.ts'
import {
  differingIn,
  differingOf,
  lookAtPlaces,
  nextListing,
  type Save,
  settle,
  settleUnplaced,
} from './settle.ts'
import type { Batch, ListingCursor, RunEnd } from './store-port.ts'
import { withFound } from './tally.ts'
import type { Work } from './work.ts'

/** Stored as they come: small pieces keep the live lane's waiting for the feed lock under 20 ms. */
const PIECE = 100
/** Pieces fetched before those ahead of them are stored: enough to go on over the end of a page. */
const AHEAD = 3

/**
 * The listing lane: backfill and resync, beside live sync. Walks sets of ids that the provider lists, newest first, and
 * fetches what differs from what is stored. The position is committed with the rows of its page, so a kill costs one page.
 *
 * A backfill walks the set of all messages. A resync walks every set (Gmail: one per label too), and then looks up
 * each stored message that its set did not hold: the provider's word on that one message decides, never its absence (I7).
 * A reconcile walks like a resync and stores nothing on the way: what differed is settled after each set (settle.ts).
 */
export async function listResource(work: Work, signal: AbortSignal): Promise<RunEnd> {
  if (work.claim.cursor === null) return { ok: true }
  let state = JSON.parse(work.claim.cursor) as ListingCursor
  const save: Save = async (next, part = {}) => {
    const found = await work.commit({ ...part, heals: false, cursor: JSON.stringify(next) })
    state = part.tallied ? withFound(next, found) : next
    return state
  }

  if (!state.listings) {
    const all = await setsToWalk(work, state.kind, signal)
    const counts = await work.port.counts(work.conn, work.key, signal)
    await save({
      ...state,
      listings: all,
      total: counts.messages,
    })
  }
  while (state.listings && state.listings.length > 0) {
    signal.throwIfAborted()
    if (state.checking && state.compare) {
      const at = await settle(work, state, save, signal)
      if (at !== null) return { ok: true, again: { at } }
    } else if (state.checking) await check(work, state, save, signal)
    else for await (const { next, part } of stepsOf(work, state, signal)) await save(next, part)
  }
  if (state.compare && work.port.placed && work.key === work.port.tree)
    await settleUnplaced(work, state, save, signal)
  await dropOldPlaces(work, state.epoch)
  const { compare } = state
  const reconciled = compare ? { reconciled: { ...compare.tally, id: compare.id } } : {}
  await work.commit({ cursor: null, forgetSeen: true, ...reconciled })
  // Label lists carry no version, so only the live lane writes them, one after the other; here it is asked to.
  const { store, bus } = work.engine
  await store.mark({ accountId: work.claim.accountId, lanes: ['live'] }, 'schedule', work.world.now())
  await bus.ring({ type: 'work' })
  return { ok: true }
}

/** Of a set whose label the provider no longer has: it is empty there, so all that we hold of it is suspect. */
const GONE = 'gone:'

async function setsToWalk(work: Work, kind: ListingCursor['kind'], signal: AbortSignal): Promise<Listing[]> {
  const all = await work.port.listings(work.conn, work.key, signal)
  if (kind === 'backfill') return all.slice(0, 1)
  // The tree looks after folders that are gone.
  if (work.port.tree !== undefined) return all
  const there = new Set((await work.port.labels(work.conn, signal)).map(label => label.id))
  const here = await work.engine.store.labelIds(work.claim.accountId)
  const gone = [...here].filter(id => !there.has(id))
  return [...all, ...gone.map(id => ({ name: GONE + id, labelId: id, counted: false }))]
}

type Step = { next: ListingCursor; part: Partial<Batch> }

/** What lies somewhere is fetched by its place, which therefore has to be stored before. */
const stepsOf = (work: Work, state: ListingCursor, signal: AbortSignal): AsyncIterable<Step> =>
  work.port.placed ? walk(work, state, signal) : ahead(until => walk(work, state, until), AHEAD, signal)

/**
 * One set from `state.position` to its end, in steps that are committed in this order: what a step fetched, and where
 * the walk then stands.
 */
async function* walk(work: Work, state: ListingCursor, signal: AbortSignal): AsyncGenerator<Step> {
  const [listing] = state.listings ?? []
  if (!listing) return
  if (listing.name.startsWith(GONE)) return yield { next: endOfListing(work, state), part: {} }
  let at = state
  for await (const page of pagesOf(work, listing.name, state.position, signal)) {
    signal.throwIfAborted()
    if (page === 'restart') {
      at = { ...at, position: null, base: 0, done: 0, ...lookAgain(at) }
      yield { next: at, part: {} }
      continue
    }
    if (at.compare) {
      const differing = work.port.placed ? [] : await differingOf(work, page)
      if (differing.length > 0)
        yield { next: at, part: { seen: { listing: differingIn(listing.name), ids: differing } } }
      at = await lookAt(work, at, page)
    }
    // A listing only adds places; what is gone is the live lane's to say.
    for (const piece of page.places && !at.compare ? inPieces({ ...page.places, gone: [] }) : []) {
      at = { ...at, epoch: piece.epoch }
      yield { next: at, part: { places: { resource: work.key, ...piece, onlyNew: true } } }
    }
    if (page.places && !at.compare) at = { ...at, epoch: page.places.epoch }
    let { done } = at
    for await (const { count, part } of piecesOf(work, at, listing, page, signal)) {
      done += count
      if (part) yield { next: listing.counted ? { ...at, done } : at, part }
    }
    const seen = { listing: listing.name, ids: page.items.map(item => item.id) }
    const part = at.kind !== 'backfill' && !work.port.placed ? { seen } : {}
    at = listing.counted
      ? { ...at, done, base: done, position: page.next, total: Math.max(at.total ?? 0, done) }
      : { ...at, position: page.next }
    yield { next: page.next === null ? endOfListing(work, at) : at, part }
  }
}

type Pages = AsyncGenerator<ListedPage | 'restart'>

/**
 * Where messages have places, the page after is listed while one is fetched and stored: what happens in the folder
 * meanwhile is the live lane's to tell, as it is while a page is stored. The others' whole walk runs ahead.
 */
const pagesOf = (work: Work, listing: string, position: string | null, signal: AbortSignal): Pages =>
  work.port.placed
    ? ahead(until => listPages(work, listing, position, until), 1, signal)
    : listPages(work, listing, position, signal)

async function* listPages(work: Work, listing: string, from: string | null, signal: AbortSignal): Pages {
  for (let position = from; ; ) {
    const page = await listPage(work, listing, position, signal)
    yield page
    if (page !== 'restart' && page.next === null) return
    position = page === 'restart' ? null : page.next
  }
}

/** What of a page has to be stored, piece by piece, and for how many of its messages each stands. */
async function* piecesOf(
  work: Work,
  state: ListingCursor,
  { labelId }: Listing,
  { items }: ListedPage,
  signal: AbortSignal,
): AsyncGenerator<{ count: number; part: Partial<Batch> | null }> {
  if (items.length === 0) return
  const ids = items.map(item => item.id)
  if (state.compare) return yield { count: ids.length, part: null }
  const stored = await work.engine.store.storedVersions(work.claim.accountId, ids, labelId ?? undefined)
  const lacking = items.filter(item => !stored.has(item.id))
  // What the page tells of a message that we hold is compared too: its set says where it is, not whether it was read.
  const telling = compares(work, state) ? items : lacking
  const told = telling.map(item => item.message).filter(message => message !== null)
  // A folder's page that could not be had as a whole names its messages only, and no other set tells their flags.
  const unsaid = work.port.tree === undefined || work.port.placed ? lacking : items
  const needed = unsaid.filter(item => item.message === null).map(item => item.id)
  yield { count: ids.length - told.length - needed.length, part: null }
  for (let from = 0; from < told.length; from += PIECE) {
    const upserts = told.slice(from, from + PIECE)
    yield { count: upserts.length, part: { upserts } }
  }
  const options = { bodies: true, priority: 'backfill', size: PIECE } as const
  for await (const { count, ...part } of gather(work, needed, options, signal)) yield { count, part }
}

/** A position that the provider no longer knows: the walk begins again; what is stored is skipped quickly. */
async function listPage(
  work: Work,
  listing: string,
  position: string | null,
  signal: AbortSignal,
): Promise<ListedPage | 'restart'> {
  try {
    return await work.port.list(work.conn, work.key, listing, position, signal)
  } catch (error) {
    if (position !== null && error instanceof ProviderError && error.kind === 'cursor_expired')
      return 'restart'
    throw error
  }
}

/**
 * A resync compares what is stored. So does the first walk of a folder: others' lanes may have met its messages before
 * anything followed it, and what happened to those since nobody tells. Where messages have places, those of a folder say
 * who is not in it any more.
 */
const compares = ({ port }: Work, { kind }: ListingCursor) =>
  !port.placed && (kind === 'resync' || port.tree !== undefined)

/** Places of an epoch that is over count until the folder has been listed anew, so that its messages stay where they are. */
async function dropOldPlaces(work: Work, epoch: string | undefined): Promise<void> {
  if (epoch === undefined) return
  for (const old of await work.engine.store.placeEpochs(work.claim.accountId))
    if (old.resource === work.key && old.epoch !== epoch) await dropPlaces(work, old)
}

/** What a comparison has seen of a page. `top` of the walk's next page is set by its places. */
async function lookAt(work: Work, at: ListingCursor, page: ListedPage): Promise<ListingCursor> {
  const { compare, listings } = at
  if (!compare || !listings?.[0]?.counted) return at
  const met = page.places?.put.length ?? page.items.length
  const tally = { ...compare.tally, provider: compare.tally.provider + met }
  return await lookAtPlaces(work, { ...at, compare: { ...compare, tally } }, page)
}

/** Where a walk begins again, so does what it has seen. */
function lookAgain({ compare, listings }: ListingCursor): Pick<ListingCursor, 'compare'> {
  if (!compare || !listings?.[0]?.counted) return {}
  const tally = { ...compare.tally, provider: 0 }
  return { compare: { ...compare, tally, pages: [], top: UID_LAST } }
}

function endOfListing(work: Work, state: ListingCursor): ListingCursor {
  if (state.compare || compares(work, state)) return { ...state, position: null, checking: true }
  return nextListing(state)
}

async function check(work: Work, state: ListingCursor, save: Save, signal: AbortSignal): Promise<void> {
  const [listing] = state.listings ?? []
  if (listing && !(await checkUnlisted(work, listing, state.startedAt, signal)))
    await save(nextListing(state))
}
