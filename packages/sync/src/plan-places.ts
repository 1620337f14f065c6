import type { Place } from './places.ts'
import type { Stored, StoredMessage, Writes } from './plan.ts'
import type { LabelPatch, PulledMessage } from './provider-port.ts'
import { rowId } from './row-id.ts'
import type { Batch } from './store-port.ts'

/** `gone`: the live lane has said that nothing lies there any more; remembered while the folder is listed. */
export type StoredPlace = Place & { gone: boolean }

/** What the places are before the batch. */
export type PlacesBefore = {
  /** What stands at the UIDs that the batch names, and all places of every message that it concerns. */
  places: StoredPlace[]
  /** The folder that the batch speaks of is being listed. */
  listing: boolean
}

/** Writes to the places of the one folder that the batch speaks of. */
export type PlaceWrites = { put: Place[]; removed: number[]; gone: number[] }

export type Placed = {
  /** The batch as `plan` takes it: states are those of the places. */
  batch: Batch
  writes: PlaceWrites
  /** Messages that lie somewhere and are stored: whatever failed of them is over. */
  healed: Writes['healed']
}

/** A move whose first half was seen waits so long for the second before the provider is asked. */
const GRACE_MS = 10_000

/**
 * For providers that tell where messages lie and not what state they are in. A message's folders, unread, starred and
 * draft are those of all its places taken together, so the order in which folders are looked at does not matter, and a
 * move, a copy and a new epoch keep the row. One without any place is not deleted (I7): it becomes a failed item, and
 * the provider's word on it decides. Pure.
 */
export function placeMessages(stored: Stored, before: PlacesBefore, batch: Batch): Placed {
  const { accountId } = batch
  const { after, writes, concerned } = changePlaces(before, batch)
  for (const { id } of batch.upserts) concerned.add(id)
  for (const id of [...batch.missing, ...(batch.again ?? [])]) concerned.add(id)
  const lying = new Map<string, Place[]>()
  for (const place of after.values()) {
    if (place.gone) continue
    const others = lying.get(place.messageId)
    if (others) others.push(place)
    else lying.set(place.messageId, [place])
  }
  const storedOf = (id: string) => stored.messages.get(rowId(accountId, 'message', id))
  const drafts = new Set(
    [...stored.labels.values()].flatMap(label => (label.role === 'drafts' ? label.providerId : [])),
  )
  const stateOf = (id: string) => {
    const places = lying.get(id)
    return places ? derive(places, drafts) : null
  }

  const upserts: PulledMessage[] = []
  const patches: LabelPatch[] = []
  const failures = [...batch.failures]
  const failing = new Set(failures.map(failure => failure.id))
  const healed: Writes['healed'] = []
  const unplaced = (id: string) => {
    if (failing.has(id)) return
    failing.add(id)
    failures.push({ id, code: NOT_PLACED, message: 'It left its folder.', retryAt: batch.now + GRACE_MS })
  }

  const brought = new Set<string>()
  for (const message of batch.upserts) {
    brought.add(message.id)
    const state = stateOf(message.id)
    if (!state) {
      unplaced(message.id)
      continue
    }
    const old = storedOf(message.id)
    const dead = stored.tombstones.get(rowId(accountId, 'message', message.id)) ?? 0n
    const version = old ? old.version + (sameState(accountId, old, state) ? 0n : 1n) : dead + 1n
    upserts.push({ ...message, ...state, version })
  }

  // Where a place says that it is there, nobody's word deletes it: if the place is wrong, its folder's lane will find out,
  // and what has not been had yet is asked for again.
  const missing = batch.missing.filter(id => !lying.has(id))
  for (const id of batch.missing) if (lying.has(id) && !storedOf(id)) unplaced(id)
  const ending = new Set(missing)
  for (const id of concerned) {
    const old = storedOf(id)
    if (brought.has(id) || ending.has(id) || !old) continue
    const state = stateOf(id)
    if (!state) {
      unplaced(id)
      continue
    }
    healed.push({ providerId: id, attempts: null })
    if (!sameState(accountId, old, state)) patches.push(patchTo(old, state))
  }
  return { batch: { ...batch, upserts, patches, missing, failures }, writes, healed }
}

export const NOT_PLACED = 'not_placed'

type State = Pick<PulledMessage, 'labelIds' | 'unread' | 'starred' | 'draft'>

/** What a message is, lying in all of these. */
export function derive(places: readonly Place[], drafts: ReadonlySet<string>): State {
  const has = (flag: string) => places.some(({ flags }) => flags.some(each => each.toLowerCase() === flag))
  return {
    labelIds: [...new Set(places.map(place => place.resource))].sort(),
    unread: !has('\\seen'),
    starred: has('\\flagged'),
    draft: has('\\draft') || places.some(place => drafts.has(place.resource)),
  }
}

/** The places as they are after the batch, and the messages that it concerns. */
function changePlaces({ places, listing }: PlacesBefore, { places: change }: Batch) {
  const after = new Map(places.map(place => [keyOf(place), place]))
  const writes: PlaceWrites = { put: [], removed: [], gone: [] }
  const concerned = new Set<string>()
  if (!change) return { after, writes, concerned }
  const { resource, epoch, put, gone, onlyNew = false, over = false, was } = change
  const before = new Map(after)
  const touched = new Map<number, string>()
  const seen = was && new Map(was.map(place => [place.uid, { ...place, gone: false }]))
  const asSeen = (uid: number) => {
    const [old, now] = [seen?.get(uid), before.get(keyOf({ resource, epoch, uid }))]
    return seen === undefined || (old && now ? samePlace(old, now) : old === now)
  }
  const keyAt = (uid: number) => {
    const key = keyOf({ resource, epoch, uid })
    touched.set(uid, key)
    return key
  }
  for (const place of put) {
    if (!asSeen(place.uid)) continue
    const key = keyAt(place.uid)
    if (!onlyNew || !after.has(key)) after.set(key, { ...place, resource, epoch, gone: false })
    concerned.add(place.messageId)
  }
  for (const uid of gone) {
    if (!asSeen(uid)) continue
    const key = keyAt(uid)
    if (listing && !over)
      after.set(key, { resource, epoch, uid, messageId: '', flags: [], modseq: null, gone: true })
    else after.delete(key)
  }
  for (const [uid, key] of touched) {
    const [old, now] = [before.get(key), after.get(key)]
    if (old && !old.gone && old.messageId !== now?.messageId) concerned.add(old.messageId)
    if (!now && old) writes.removed.push(uid)
    if (now?.gone && !old?.gone) writes.gone.push(uid)
    if (now && !now.gone && !(old && samePlace(old, now))) writes.put.push(now)
  }
  return { after, writes, concerned }
}

const keyOf = ({ resource, epoch, uid }: Pick<Place, 'resource' | 'epoch' | 'uid'>): string =>
  `${epoch} ${uid} ${resource}`

const samePlace = (a: StoredPlace, b: StoredPlace): boolean =>
  a.gone === b.gone &&
  a.messageId === b.messageId &&
  a.modseq === b.modseq &&
  a.flags.join(' ') === b.flags.join(' ')

export function sameState(accountId: string, { row }: StoredMessage, state: State): boolean {
  const labels = state.labelIds.map(id => rowId(accountId, 'label', id)).sort()
  return (
    row.unread === state.unread &&
    row.starred === state.starred &&
    row.draft === state.draft &&
    [...row.labelIds].sort().join(' ') === labels.join(' ')
  )
}

/** What it carries besides may be no label here: then nobody could name it to be removed. */
function patchTo({ providerId, version }: StoredMessage, { labelIds, ...flags }: State): LabelPatch {
  return { id: providerId, version: version + 1n, exactly: true, add: labelIds, remove: [], ...flags }
}
