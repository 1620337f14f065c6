import { checkUnlisted } from './check-unlisted.ts'
import { dropPlaces, inPieces } from './drop-places.ts'
import { gather } from './gather.ts'
import { ProviderError } from './provider-errors.ts'
import type { PulledLabel, PulledMessage, PulledPage, ResourceSpec } from './provider-port.ts'
import { nextAttempt } from './retry.ts'
import { disagreeing } from './settle-states.ts'
import { BATCH_MAX, type Batch, type ListingCursor, type RunEnd } from './store-port.ts'
import { survey } from './survey.ts'
import type { Work } from './work.ts'

/** Live commits are small, so that the first of many new messages is on screen before the last is fetched. */
const PIECE = 50
/** An account's folders wait for its tree, which is followed beside them. */
const SHAPE_AGAIN_MS = 500

/**
 * The live lane: everything after the cursor, page by page, and the cursor with the last of it (I1).
 * Without a cursor it takes one and opens a backfill; with an expired one it takes a new one and opens a resync, in one
 * transaction with the cursor, so that the gap is as durable as the step over it (I9).
 */
export async function syncResource(work: Work, signal: AbortSignal): Promise<RunEnd> {
  const { claim } = work
  if (claim.cursor === null) {
    // What a folder is for decides what its messages are: what lies in the drafts is a draft.
    if (work.port.placed && !writesShape(work) && (await labelsUnknown(work)))
      return { ok: true, again: { at: work.world.now() + SHAPE_AGAIN_MS } }
    await begin(work, 'backfill', signal)
    return { ok: true }
  }
  try {
    for await (const page of work.port.pull(work.conn, work.key, claim.cursor, signal)) {
      await storePage(work, page, signal)
    }
  } catch (error) {
    if (!(error instanceof ProviderError && error.kind === 'cursor_expired')) throw error
    work.engine.log.warn(
      { accountId: claim.accountId, cursor: claim.cursor },
      'cursor expired, resync begins',
    )
    await begin(work, 'resync', signal)
    return afterExpiry(error, work)
  }
  await survey(work, signal)
  const { lookAgainMs } = work.port
  if (lookAgainMs === undefined || work.upserts + work.deletions === 0) return { ok: true }
  return { ok: true, again: { at: work.world.now() + lookAgainMs } }
}

/**
 * A cursor that was taken anew is tried at once, and only a pull that goes through shows that it holds. Where the next
 * one has expired, too, there is a wait, as after any other failure: otherwise all would be listed for ever.
 */
function afterExpiry(error: ProviderError, { claim, world }: Work): RunEnd {
  const end = nextAttempt(error, claim.attempts, world)
  return claim.failedWith === error.kind
    ? { ...end, message: `${error.message} The same happens again each time.` }
    : { ...end, nextAttemptAt: world.now() }
}

const labelsUnknown = async ({ engine, claim }: Work): Promise<boolean> =>
  (await engine.store.labelIds(claim.accountId)).size === 0

/** The cursor is taken before the listing begins: what happens during the walk is found by following it. */
async function begin(work: Work, kind: ListingCursor['kind'], signal: AbortSignal): Promise<void> {
  const cursor = await work.port.currentCursor(work.conn, work.key, signal)
  const shape = writesShape(work) ? await askShape(work, signal) : SAME
  await work.commit({ cursor, ...shape, startListing: newListing(kind, work.world.now()) })
  if (!work.port.placed || work.key !== work.port.tree) return
  // Its folders have waited for this.
  const { store, bus } = work.engine
  await store.mark({ accountId: work.claim.accountId, lanes: ['live'] }, 'schedule', work.world.now())
  await bus.ring({ type: 'work' })
}

export function newListing(kind: ListingCursor['kind'], now: number): ListingCursor {
  return {
    kind,
    startedAt: now,
    listings: null,
    position: null,
    checking: false,
    done: 0,
    base: 0,
    total: null,
  }
}

async function storePage(work: Work, page: PulledPage, signal: AbortSignal): Promise<void> {
  if (page.places)
    for (const piece of inPieces(page.places)) await work.commit({ places: { resource: work.key, ...piece } })
  // Most pages of quiet folders say nothing, and then nothing is asked of the database.
  const silent = page.touched.length + page.patches.length + page.upserts.length === 0
  const needed = silent ? [] : await idsToFetch(work, page)
  // Before anything of the page is stored: a label that is carried and not known gets a row with its message.
  const known = silent ? null : await work.engine.store.labelIds(work.claim.accountId)
  const used = new Set(page.patches.flatMap(patch => patch.add))
  const use = (messages: PulledMessage[]) => {
    for (const { labelIds } of messages) for (const id of labelIds) used.add(id)
  }
  use(page.upserts)
  const options = { bodies: true, priority: 'live', size: PIECE } as const
  for await (const { upserts, missing, failures } of gather(work, needed, options, signal)) {
    use(upserts)
    await work.commit({ upserts, missing, failures, ...beside(work) })
  }
  const { labels, resources } = await changedShape(
    work,
    page,
    known === null || ([...used].every(id => known.has(id)) && known.size > 0),
    signal,
  )
  // What a folder is for may have changed, and what lies in it with that: before the cursor, so that a crash forgets none.
  if (work.port.placed && labels && page.labelsChanged) {
    await work.commit({ labels, resources })
    for await (const again of disagreeing(work, signal)) await work.commit({ again })
  }
  const { upserts, patches, deletions } = page
  const parts = Math.max(1, Math.ceil(Math.max(upserts.length, patches.length, deletions.length) / BATCH_MAX))
  for (let part = 0; part < parts; part++) {
    const slice = <T>(all: T[]) => all.slice(part * BATCH_MAX, (part + 1) * BATCH_MAX)
    const last = part === parts - 1
    const batch = { upserts: slice(upserts), patches: slice(patches), deletions: slice(deletions) }
    const says = batch.upserts.length + batch.patches.length + batch.deletions.length > 0
    if (
      !says &&
      !labels &&
      !resources &&
      !(last && page.cursor !== null && page.cursor !== work.claim.cursor)
    )
      continue
    await work.commit({
      ...batch,
      ...beside(work),
      ...(part === 0 ? { labels, resources, forgetSeen: resources !== null } : {}),
      ...(last && page.cursor !== null ? { cursor: page.cursor } : {}),
    })
  }
}

/**
 * Folders are followed side by side: what one lane fetched earlier says nothing about what another has met since, so it
 * ends no failed item and brings nothing back. The items lane, which is one for all, does.
 */
const beside = ({ port }: Work): Pick<Batch, 'heals'> => (port.tree === undefined ? {} : { heals: false })

/**
 * What the page only names, unless a state at least as new is stored, and what it patches without our having it.
 * An id that the same page deletes is not fetched.
 */
async function idsToFetch(work: Work, page: PulledPage): Promise<string[]> {
  const wanted = new Map<string, bigint>()
  for (const { id, version } of page.touched) if (version > (wanted.get(id) ?? -1n)) wanted.set(id, version)
  const patched = new Set(page.patches.map(patch => patch.id))
  const stored = await work.engine.store.storedVersions(work.claim.accountId, [...wanted.keys(), ...patched])
  const ids = new Set<string>()
  for (const [id, version] of wanted) if ((stored.get(id) ?? -1n) < version) ids.add(id)
  for (const id of patched) if (!stored.has(id)) ids.add(id)
  for (const { id } of page.deletions) ids.delete(id)
  return [...ids]
}

/** What the batch says of the account's shape; null: as before. */
type Shape = { labels: PulledLabel[] | null; resources: ResourceSpec[] | null }
const SAME: Shape = { labels: null, resources: null }

const writesShape = ({ port, key }: Work) => port.tree === undefined || port.tree === key

/**
 * The label list where the page needs it, and where labels change without a word at the end of every run that no push
 * rang. Where another resource follows it, that one is told to look.
 */
async function changedShape(
  work: Work,
  page: PulledPage,
  known: boolean,
  signal: AbortSignal,
): Promise<Shape> {
  const { store, world, bus } = work.engine
  const { silentLabels, tree } = work.port
  const due = (silentLabels || tree === work.key) && work.claim.trigger !== 'push' && page.cursor !== null
  if (!due && !page.labelsChanged && known) return SAME
  if (writesShape(work)) return await askShape(work, signal)
  const account = await store.account(work.claim.accountId)
  const follower = account?.resources.find(each => each.lane === 'live' && each.key === tree)
  if (follower) await store.mark({ resourceId: follower.id }, 'schedule', world.now())
  await bus.ring({ type: 'work' })
  return SAME
}

async function askShape(work: Work, signal: AbortSignal): Promise<Shape> {
  const { port, conn } = work
  const labels = await port.labels(conn, signal)
  if (port.tree === undefined) return { labels, resources: null }
  if (port.placed) {
    const resources = await port.resources(conn, signal)
    const keys = new Set(resources.map(({ key }) => key))
    for (const gone of await work.engine.store.placeEpochs(work.claim.accountId))
      if (!keys.has(gone.resource)) await dropPlaces(work, gone)
    return { labels, resources }
  }
  const there = new Set(labels.map(label => label.id))
  for (const id of await work.engine.store.labelIds(work.claim.accountId))
    if (!there.has(id)) await checkPlace(work, id, signal)
  return { labels, resources: await port.resources(conn, signal) }
}

/**
 * A folder that is gone has moved or removed its messages without a word: the provider is asked about each of them,
 * before the batch that forgets the folder.
 */
async function checkPlace(work: Work, labelId: string, signal: AbortSignal): Promise<void> {
  const set = { name: `gone:${labelId}`, labelId }
  const now = work.world.now()
  while (await checkUnlisted(work, set, now, signal)) signal.throwIfAborted()
}
