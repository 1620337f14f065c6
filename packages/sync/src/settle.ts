import { inPieces } from './drop-places.ts'
import { gather } from './gather.ts'
import type { Place, PulledPlace } from './places.ts'
import type { ListedPage, Listing } from './provider-port.ts'
import type { Comparing } from './reconciliation-store.ts'
import { BATCH_MAX, type Batch, type ListingCursor } from './store-port.ts'
import type { Work } from './work.ts'

/** Looked up at a time. */
const CHECK = 200
/** Stored places of one page that are looked at: a page has a few hundred. */
const PLACES = 10 * BATCH_MAX
/** Between two looks at whether live sync has passed: as long again as was waited, within these. */
const AGAIN_MIN_MS = 1_000
const AGAIN_MAX_MS = 30_000

/** As long again as was waited since. */
export const againAt = (since: number, now: number): number =>
  now + Math.min(AGAIN_MAX_MS, Math.max(AGAIN_MIN_MS, now - since))

export type Save = (next: ListingCursor, part?: Partial<Batch>) => Promise<ListingCursor>

/** The set of ids whose content a page tells otherwise than it is stored. */
export const differingIn = (listing: string): string => `differing:${listing}`

/** A comparison's look at a page that tells states: what would be written is only remembered. */
export async function differingOf(work: Work, { items }: ListedPage): Promise<string[]> {
  const { userId, accountId } = work.claim
  const told = items.map(item => item.message).filter(message => message !== null)
  const differing = await work.engine.store.differing(userId, accountId, told)
  // A folder's page that could not be had as a whole names its messages only, and no other set tells their flags.
  const unsaid = work.port.tree === undefined ? [] : items.filter(item => item.message === null)
  return [...differing, ...unsaid.map(item => item.id)]
}

/** A comparison's look at a page of places: where it differs from what is stored it will be looked at again. */
export async function lookAtPlaces(work: Work, at: ListingCursor, page: ListedPage): Promise<ListingCursor> {
  const { compare } = at
  if (!compare || !page.places) return at
  const { put, epoch } = page.places
  const uids = put.map(({ uid }) => uid)
  // Its messages went while it was read: what lies there is the next page's business.
  if (uids.length === 0 && page.next !== null) return at
  const first = page.next === null ? 1 : Math.min(...uids)
  const stored = await storedIn(work, epoch, { first, last: compare.top })
  const ids = page.items.map(item => item.id)
  const known = await work.engine.store.storedVersions(work.claim.accountId, ids)
  const { changed, gone } = against(stored, put)
  // What arrives later than this look is no business of this page's.
  const top = Math.min(compare.top, Math.max(first, ...uids, ...stored.map(({ uid }) => uid)))
  const suspect = changed.length + gone.length > 0 || ids.some(id => !known.has(id))
  const pages = suspect ? [...compare.pages, { position: at.position, first, top }] : compare.pages
  return { ...at, compare: { ...compare, pages, top: first - 1 } }
}

/**
 * After a set has been walked by a comparison. Nothing of it has been stored so far: what differed may be what live sync
 * is about to bring. So live sync is asked to pass; what still differs after that is a difference. The provider is asked
 * about each such message, and its word is stored and counted in one transaction (I7). Answers when to go on with it,
 * or null when the set is done.
 */
export async function settle(
  work: Work,
  state: ListingCursor,
  save: Save,
  signal: AbortSignal,
): Promise<number | null> {
  const [listing] = state.listings ?? []
  const { compare } = state
  if (!listing || !compare) return null
  const { store, bus } = work.engine
  const { accountId } = work.claim
  const counted = listing.counted
    ? {
        stored: await store.storedCount(
          accountId,
          work.port.placed ? 'places' : 'messages',
          work.port.placed ? work.key : (listing.labelId ?? undefined),
        ),
      }
    : {}
  const done = (at: ListingCursor) => save(nextListing(at))
  if (compare.waiting === null) {
    const tally = { ...compare.tally, ...counted }
    if (!(await differs(work, state, listing))) {
      await done({ ...state, compare: { ...compare, tally } })
      return null
    }
    const waiting = work.world.now()
    await save({ ...state, position: null, compare: { ...compare, tally, waiting } })
    const account = await store.account(accountId)
    const live = account?.resources.find(each => each.lane === 'live' && each.key === work.key)
    if (live) await store.mark({ resourceId: live.id }, 'schedule', waiting)
    await bus.ring({ type: 'work' })
    return waiting + AGAIN_MIN_MS
  }
  const passed = await store.livePassed(accountId, work.key)
  if (passed === null || passed < compare.waiting) {
    return againAt(compare.waiting, work.world.now())
  }
  await done(
    work.port.placed
      ? await mendPages(work, state, listing, save, signal)
      : await mendSet(work, state, listing, save, signal),
  )
  return null
}

export function nextListing(state: ListingCursor): ListingCursor {
  const { compare, ...rest } = state
  const next = { ...rest, listings: (state.listings ?? []).slice(1), position: null, checking: false }
  return compare ? { ...next, compare: { ...compare, waiting: null, pages: [] } } : next
}

async function differs(work: Work, state: ListingCursor, listing: Listing): Promise<boolean> {
  if (work.port.placed) return (state.compare?.pages.length ?? 0) > 0
  for (const phase of PHASES) if ((await idsIn(work, state, listing, phase, '', 1)).length > 0) return true
  return false
}

/** Not here; here, but not in this set; told otherwise by its page; here with what is no label; here, and not in the set there. */
const PHASES = ['missing', 'elsewhere', 'differing', 'mislabelled', 'extra'] as const
type Phase = (typeof PHASES)[number]

async function idsIn(
  work: Work,
  { startedAt }: ListingCursor,
  { name, labelId, counted }: Listing,
  phase: Phase,
  after: string,
  limit: number,
): Promise<string[]> {
  const { store } = work.engine
  const { accountId } = work.claim
  const { resourceId } = work.claim.lease
  // Of what is not here at all the first set has told.
  if (phase === 'missing') return counted ? store.unstored(resourceId, name, null, after, limit) : []
  if (phase === 'elsewhere')
    return labelId === null ? [] : store.unstored(resourceId, name, labelId, after, limit)
  if (phase === 'differing') return store.seenIds(resourceId, differingIn(name), after, limit)
  // No set of a label would tell of it. Where sets are folders their pages do.
  if (phase === 'mislabelled')
    return labelId === null && counted ? store.mislabelled(accountId, after, limit) : []
  return store.unlisted(resourceId, name, labelId, startedAt, limit)
}

async function mendSet(
  work: Work,
  state: ListingCursor,
  listing: Listing,
  save: Save,
  signal: AbortSignal,
): Promise<ListingCursor> {
  let at = state
  for (const phase of PHASES) {
    // Where a run that died was is repeated: what is mended is not found again.
    for (let after = ''; ; ) {
      signal.throwIfAborted()
      const ids = await idsIn(work, state, listing, phase, after, CHECK)
      if (ids.length === 0) break
      after = ids.at(-1) ?? ''
      at = await mend(work, at, ids, phase === 'extra' ? listing.name : null, save, signal)
    }
  }
  return at
}

/** The provider's word on each; with `met` they are remembered as met in that set, so that nobody asks again. */
async function mend(
  work: Work,
  state: ListingCursor,
  ids: string[],
  met: string | null,
  save: Save,
  signal: AbortSignal,
): Promise<ListingCursor> {
  let at = state
  const options = { bodies: true, priority: 'backfill', size: CHECK } as const
  for await (const { upserts, missing, failures } of gather(work, ids, options, signal)) {
    const asked = [...upserts, ...failures].map(item => item.id).concat(missing)
    const seen = met === null ? {} : { seen: { listing: met, ids: asked } }
    at = await save(at, { upserts, missing, failures, tallied: true, ...seen })
  }
  return at
}

/** Pages of places that differed, listed again: what is stored is replaced only where it still is as it was seen before. */
async function mendPages(
  work: Work,
  state: ListingCursor,
  listing: Listing,
  save: Save,
  signal: AbortSignal,
): Promise<ListingCursor> {
  let at = state
  for (const page of state.compare?.pages ?? []) {
    signal.throwIfAborted()
    at = await mendPage(work, at, listing, page, save, signal)
    const { compare } = at
    if (compare) at = await save({ ...at, compare: { ...compare, pages: compare.pages.slice(1) } })
  }
  return at
}

/** The same UIDs may take several pages now, since mail has arrived above them. */
async function mendPage(
  work: Work,
  state: ListingCursor,
  { name }: Listing,
  { position, first, top }: Comparing['pages'][number],
  save: Save,
  signal: AbortSignal,
): Promise<ListingCursor> {
  let at = state
  const { store } = work.engine
  const before = new Map<string, Place[]>()
  for (const { resource, epoch } of await store.placeEpochs(work.claim.accountId))
    if (resource === work.key) before.set(epoch, await storedIn(work, epoch, { first, last: top }))
  for (let from = position, last = top; ; ) {
    signal.throwIfAborted()
    const { places, next } = await work.port.list(work.conn, work.key, name, from, signal)
    if (!places) return at
    const lowest = next === null ? first : Math.min(last + 1, ...places.put.map(({ uid }) => uid))
    const span = { first: Math.max(first, lowest), last }
    const within = ({ uid }: { uid: number }) => uid >= span.first && uid <= span.last
    const stored = (before.get(places.epoch) ?? []).filter(within)
    // What a page leaves out has not gone by that: what it calls gone has.
    const gone = stored.map(({ uid }) => uid).filter(uid => places.gone.includes(uid))
    const mended = { epoch: places.epoch, there: places.put.filter(within), stored, gone }
    at = await mendSpan(work, at, mended, save, signal)
    if (next === null || span.first === first) return at
    from = next
    last = span.first - 1
  }
}

type Span = { epoch: string; there: PulledPlace[]; stored: Place[]; gone: number[] }

async function mendSpan(
  work: Work,
  state: ListingCursor,
  { epoch, there, stored, gone }: Span,
  save: Save,
  signal: AbortSignal,
): Promise<ListingCursor> {
  let at = state
  const { store } = work.engine
  const { accountId } = work.claim
  const { changed: put } = against(stored, there)
  const touched = new Set([...put.map(({ uid }) => uid), ...gone])
  const was = stored.filter(({ uid }) => touched.has(uid))
  for (const piece of inPieces({ epoch, put, gone }))
    at = await save(at, { places: { resource: work.key, ...piece, was }, tallied: true })
  const ids = [...new Set(there.map(({ messageId }) => messageId))]
  const known = await store.storedVersions(accountId, ids)
  const lacking = ids.filter(id => !known.has(id))
  return lacking.length === 0 ? at : await mend(work, at, lacking, null, save, signal)
}

/** Stored messages that lie nowhere, and that nobody is asking about. */
export async function settleUnplaced(
  work: Work,
  state: ListingCursor,
  save: Save,
  signal: AbortSignal,
): Promise<void> {
  const ids = await work.engine.store.unplaced(work.claim.accountId, CHECK)
  if (ids.length > 0) await mend(work, state, ids, null, save, signal)
}

const storedIn = (work: Work, epoch: string, range: { first: number; last: number }): Promise<Place[]> =>
  work.engine.store.placesIn(work.claim.accountId, work.key, epoch, range, PLACES)

const flagsOf = ({ flags }: Pick<Place, 'flags'>) => flags.toSorted().join(' ')

function against(stored: readonly Place[], there: readonly PulledPlace[]) {
  const before = new Map(stored.map(place => [place.uid, place]))
  const after = new Set(there.map(({ uid }) => uid))
  const changed = there.filter(place => {
    const old = before.get(place.uid)
    return !old || old.messageId !== place.messageId || flagsOf(old) !== flagsOf(place)
  })
  return { changed, gone: stored.map(({ uid }) => uid).filter(uid => !after.has(uid)) }
}
