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
import { othersEnd, settleStates } from './settle-states.ts'
import type { Batch, ListingCursor, RunEnd } from './store-port.ts'
import { withFound } from './tally.ts'
import type { Work } from './work.ts'

/** Stored as they come: small pieces keep the live lane's waiting for the feed lock under 20 ms. */
const PIECE = 100
/** Pages are asked for with their messages as long as so many of those are not stored yet. */
const MOSTLY = 0.9
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
  if (state.compare && work.port.placed && work.key === work.port.tree) {
    const at = await othersEnd(work, state)
    if (at !== null) return { ok: true, again: { at } }
    await settleUnplaced(work, state, save, signal)
    await settleStates(work, state, save, signal)
  }
  await dropOldPlaces(work, state.epoch)
  const { compare } = state
  const reconciled = compare ? { reconciled: { ...compare.tally, id: compare.id } } : {}
  await work.commit({ cursor: null, forgetSeen: true, ...reconciled })
  await wakeLive(work)
  return { ok: true }
}

/**
 * Label lists carry no version, so only the live lane writes them, one after the other; here it is asked to. Where labels
 * are folders, one lane does for all of them, and the folder's own looks at what was listed before its cursor.
 */
async function wakeLive({ engine, claim, port, key, world }: Work): Promise<void> {
  const { store, bus } = engine
  const lanes = (await store.account(claim.accountId))?.resources.filter(({ lane }) => lane === 'live') ?? []
  for (const { id } of lanes.filter(each => each.key === key || each.key === port.tree))
    await store.mark({ resourceId: id }, 'schedule', world.now())
  await bus.ring({ type: 'work' })
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
  for await (const { page, lacking } of pagesOf(work, listing, state, signal)) {
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
    if (page.places && !at.compare) at = { ...at, epoch: page.places.epoch }
    const seen = { listing: listing.name, ids: page.items.map(item => item.id) }
    const beside: Partial<Batch> = at.kind !== 'backfill' && !work.port.placed ? { seen } : {}
    let { done } = at
    let left = page.items.length
    let last = beside
    for await (const { count, part } of piecesOf(work, at, page, lacking, signal)) {
      done += count
      left -= count
      // The last of a page is stored with the position behind it.
      if (part && left === 0 && count > 0) last = { ...part, ...beside }
      else if (part) yield { next: listing.counted ? { ...at, done } : at, part }
    }
    at = listing.counted
      ? { ...at, done, base: done, position: page.next, total: Math.max(at.total ?? 0, done) }
      : { ...at, position: page.next }
    yield { next: page.next === null ? endOfListing(work, at) : at, part: last }
  }
}

/** `lacking`: what of the page was not stored when it came. */
type Pages = AsyncGenerator<{ page: ListedPage | 'restart'; lacking: Items }>

/**
 * Where messages have places, the page after is listed while one is fetched and stored: what happens in the folder
 * meanwhile is the live lane's to tell, as it is while a page is stored. The others' whole walk runs ahead.
 */
const pagesOf = (work: Work, listing: Listing, state: ListingCursor, signal: AbortSignal): Pages =>
  work.port.placed
    ? ahead(until => listPages(work, listing, state, until), 1, signal)
    : listPages(work, listing, state, signal)

async function* listPages(work: Work, listing: Listing, state: ListingCursor, signal: AbortSignal): Pages {
  // A folder that is followed for the first time holds messages that nobody has read, as far as its pages show nothing else.
  const fresh = work.port.placed === true && state.kind === 'backfill'
  let whole = fresh
  let restarted = false
  for (let { position } = state; ; ) {
    const page = await listPage(work, listing.name, { position, whole, restarted }, signal)
    const lacking = page === 'restart' || state.compare ? [] : await lackingOf(work, listing, page)
    yield { page, lacking }
    if (page !== 'restart' && page.next === null) return
    if (page === 'restart') restarted = true
    else whole = fresh && lacking.length >= MOSTLY * page.items.length
    position = page === 'restart' ? null : page.next
  }
}

type Items = ListedPage['items']

async function lackingOf(work: Work, { labelId }: Listing, { items }: ListedPage): Promise<Items> {
  if (items.length === 0) return []
  const ids = items.map(item => item.id)
  const stored = await work.engine.store.storedVersions(work.claim.accountId, ids, labelId ?? undefined)
  return items.filter(item => !stored.has(item.id))
}

/** What of a page has to be stored, piece by piece, and for how many of its messages each stands. */
async function* piecesOf(
  work: Work,
  state: ListingCursor,
  { items, places }: ListedPage,
  lacking: Items,
  signal: AbortSignal,
): AsyncGenerator<{ count: number; part: Partial<Batch> | null }> {
  if (items.length === 0) return
  if (state.compare) return yield { count: items.length, part: null }
  // What the page tells of a message that we hold is compared too: its set says where it is, not whether it was read.
  const telling = compares(work, state) ? items : lacking
  const told = telling.map(item => item.message).filter(message => message !== null)
  // A folder's page that could not be had as a whole names its messages only, and no other set tells their flags.
  const unsaid = work.port.tree === undefined || work.port.placed ? lacking : items
  const needed = unsaid.filter(item => item.message === null).map(item => item.id)
  // A listing only adds places; what is gone is the live lane's to say. The last of them go with the first messages.
  const put = places ? inPieces({ ...places, gone: [] }) : []
  const placing = put.map(piece => ({ places: { resource: work.key, ...piece, onlyNew: true } }))
  let beside = told.length > 0 ? placing.pop() : undefined
  for (const part of placing) yield { count: 0, part }
  yield { count: items.length - told.length - needed.length, part: null }
  for (let from = 0; from < told.length; from += PIECE) {
    const upserts = told.slice(from, from + PIECE)
    yield { count: upserts.length, part: { upserts, ...beside } }
    beside = undefined
  }
  const options = { bodies: true, priority: 'backfill', size: PIECE } as const
  for await (const { count, ...part } of gather(work, needed, options, signal)) yield { count, part }
}

/**
 * A position that the provider no longer knows: the walk begins again; what is stored is skipped quickly. Once in a run:
 * where no position holds there is a wait before the next attempt.
 */
async function listPage(
  work: Work,
  listing: string,
  { position, whole, restarted }: { position: string | null; whole: boolean; restarted: boolean },
  signal: AbortSignal,
): Promise<ListedPage | 'restart'> {
  try {
    return await work.port.list(work.conn, work.key, listing, position, signal, whole)
  } catch (error) {
    if (position !== null && !restarted && error instanceof ProviderError && error.kind === 'cursor_expired')
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
