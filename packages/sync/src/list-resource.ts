import { checkUnlisted } from './check-unlisted.ts'
import { dropPlaces, inPieces } from './drop-places.ts'
import { gather } from './gather.ts'
import { ProviderError } from './provider-errors.ts'
import type { ListedPage, Listing } from './provider-port.ts'
import type { ListingCursor, RunEnd } from './store-port.ts'
import type { Work } from './work.ts'

/** Stored as they come: small pieces keep the live lane's waiting for the feed lock under 20 ms. */
const PIECE = 100

/**
 * The listing lane: backfill and resync, beside live sync. Walks sets of ids that the provider lists, newest first, and
 * fetches what differs from what is stored. The position is committed with the rows of its page, so a kill costs one page.
 *
 * A backfill walks the set of all messages. A resync walks every set (Gmail: one per label too), and then looks up
 * each stored message that its set did not hold: the provider's word on that one message decides, never its absence (I7).
 */
export async function listResource(work: Work, signal: AbortSignal): Promise<RunEnd> {
  if (work.claim.cursor === null) return { ok: true }
  let state = JSON.parse(work.claim.cursor) as ListingCursor
  const save = (next: ListingCursor, part = {}) => {
    state = next
    return work.commit({ ...part, heals: false, cursor: JSON.stringify(next) })
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
    await (state.checking ? check(work, state, save, signal) : walkPage(work, state, save, signal))
  }
  await dropOldPlaces(work, state.epoch)
  await work.commit({ cursor: null, forgetSeen: true })
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
  if (kind === 'backfill' || work.port.placed) return all.slice(0, 1)
  const there = new Set((await work.port.labels(work.conn, signal)).map(label => label.id))
  const here = await work.engine.store.labelIds(work.claim.accountId)
  const gone = [...here].filter(id => !there.has(id))
  return [...all, ...gone.map(id => ({ name: GONE + id, labelId: id, counted: false }))]
}

type Save = (next: ListingCursor, part?: object) => Promise<void>

async function walkPage(work: Work, state: ListingCursor, save: Save, signal: AbortSignal): Promise<void> {
  const [listing] = state.listings ?? []
  if (!listing) return
  if (listing.name.startsWith(GONE)) return await save(endOfListing(work, state))
  const page = await listPage(work, listing.name, state.position, signal)
  if (page === 'restart') return await save({ ...state, position: null, base: 0, done: 0 })

  if (page.places) {
    const { resource, pieces } = { resource: work.key, pieces: inPieces(page.places) }
    for (const piece of pieces)
      await save({ ...state, epoch: piece.epoch }, { places: { resource, ...piece, onlyNew: true } })
    state = { ...state, epoch: page.places.epoch }
  }
  const ids = page.items.map(item => item.id)
  const stored = await work.engine.store.storedVersions(
    work.claim.accountId,
    ids,
    listing.labelId ?? undefined,
  )
  const { counted } = listing
  const lacking = page.items.filter(item => !stored.has(item.id))
  const needed = lacking.filter(item => item.message === null).map(item => item.id)
  // What the page tells of a message that we hold is compared too: its set says where it is, not whether it was read.
  const telling = state.kind === 'resync' ? page.items : lacking
  const told = telling.map(item => item.message).filter(message => message !== null)
  let done = state.base + ids.length - needed.length - told.length
  for (let from = 0; from < told.length; from += PIECE) {
    const upserts = told.slice(from, from + PIECE)
    done += upserts.length
    await save(counted ? { ...state, done } : state, { upserts })
  }
  const options = { bodies: true, priority: 'backfill', size: PIECE } as const
  for await (const { count, ...piece } of gather(work, needed, options, signal)) {
    done += count
    await save(counted ? { ...state, done } : state, piece)
  }
  const seen = checked(work, state) ? { seen: { listing: listing.name, ids } } : {}
  const next: ListingCursor = counted
    ? { ...state, done, base: done, position: page.next, total: Math.max(state.total ?? 0, done) }
    : { ...state, position: page.next }
  await save(page.next === null ? endOfListing(work, next) : next, seen)
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

/** Where messages have places, those of a folder say who is not in it any more. */
const checked = (work: Work, state: ListingCursor): boolean => state.kind === 'resync' && !work.port.placed

/** Places of an epoch that is over count until the folder has been listed anew, so that its messages stay where they are. */
async function dropOldPlaces(work: Work, epoch: string | undefined): Promise<void> {
  if (epoch === undefined) return
  for (const old of await work.engine.store.placeEpochs(work.claim.accountId))
    if (old.resource === work.key && old.epoch !== epoch) await dropPlaces(work, old)
}

function endOfListing(work: Work, state: ListingCursor): ListingCursor {
  if (checked(work, state)) return { ...state, checking: true }
  return nextListing(state)
}

function nextListing(state: ListingCursor): ListingCursor {
  return { ...state, listings: (state.listings ?? []).slice(1), position: null, checking: false }
}

async function check(work: Work, state: ListingCursor, save: Save, signal: AbortSignal): Promise<void> {
  const [listing] = state.listings ?? []
  if (listing && !(await checkUnlisted(work, listing, state.startedAt, signal)))
    await save(nextListing(state))
}
