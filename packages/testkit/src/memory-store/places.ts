import type { Place, PlaceSum } from '@inlet/sync/places'
import {
  derive,
  type PlacesBefore,
  type PlaceWrites,
  type StoredPlace,
  sameState,
} from '@inlet/sync/plan-places'
import type { Batch } from '@inlet/sync/store-port'
import { byText, type MemoryState, resourcesOf, userOf } from './state.ts'

const keyOf = (accountId: string, { resource, epoch, uid }: Pick<Place, 'resource' | 'epoch' | 'uid'>) =>
  `${accountId} ${epoch} ${uid} ${resource}`

const inOrder = (a: Place, b: Place): number =>
  byText(a.resource, b.resource) || byText(a.epoch, b.epoch) || a.uid - b.uid

/** The account's places that `where` takes, in order. */
function lying(
  state: MemoryState,
  accountId: string,
  where: (place: Place) => boolean = () => true,
): Place[] {
  const found: Place[] = []
  for (const entry of state.places.values()) {
    if (entry.accountId !== accountId || entry.gone || !where(entry)) continue
    const { accountId: _, gone: __, ...place } = entry
    found.push(place)
  }
  return found.sort(inOrder)
}

const isListed = (state: MemoryState, accountId: string, resource: string): boolean =>
  resourcesOf(state, accountId).some(
    ({ key, lane, cursor }) => key === resource && lane === 'listing' && cursor !== null,
  )

/** What stands where the batch speaks of, and every place of the messages that it concerns. */
export function readPlaces(state: MemoryState, batch: Batch): PlacesBefore {
  const { accountId, places: change, upserts, missing, again = [] } = batch
  const found = new Map<string, StoredPlace>()
  const ids = new Set([...upserts.map(({ id }) => id), ...missing, ...again])
  for (const uid of change ? [...change.put.map(place => place.uid), ...change.gone] : []) {
    const key = keyOf(accountId, { resource: change?.resource ?? '', epoch: change?.epoch ?? '', uid })
    const place = state.places.get(key)
    if (place) found.set(key, place)
    if (place && !place.gone) ids.add(place.messageId)
  }
  for (const { messageId } of change?.put ?? []) ids.add(messageId)
  for (const [key, place] of state.places)
    if (place.accountId === accountId && !place.gone && ids.has(place.messageId)) found.set(key, place)
  return {
    places: [...found.values()],
    listing: change !== undefined && isListed(state, accountId, change.resource),
  }
}

export function writePlaces(state: MemoryState, batch: Batch, { put, removed, gone }: PlaceWrites): void {
  const { accountId, places } = batch
  if (!places) return
  const { resource, epoch } = places
  const nothing = { messageId: '', flags: [], modseq: null }
  for (const place of put) state.places.set(keyOf(accountId, place), { ...place, accountId, gone: false })
  for (const uid of gone)
    state.places.set(keyOf(accountId, { resource, epoch, uid }), {
      ...{ accountId, resource, epoch, uid, gone: true },
      ...nothing,
    })
  for (const uid of removed) state.places.delete(keyOf(accountId, { resource, epoch, uid }))
}

/** What is remembered to be gone: of one folder, or of all but those kept. */
export function forgetGone(
  state: MemoryState,
  accountId: string,
  of: { resource: string } | { kept: ReadonlySet<string> },
): void {
  for (const [key, place] of state.places) {
    const meant = 'resource' in of ? place.resource === of.resource : !of.kept.has(place.resource)
    if (place.accountId === accountId && place.gone && meant) state.places.delete(key)
  }
}

export function placesOf(state: MemoryState, accountId: string, ids: string[]): Map<string, Place[]> {
  const found = new Map<string, Place[]>()
  for (const place of lying(state, accountId, ({ messageId }) => ids.includes(messageId))) {
    const others = found.get(place.messageId)
    if (others) others.push(place)
    else found.set(place.messageId, [place])
  }
  return found
}

export function countPlaces(
  state: MemoryState,
  accountId: string,
  resource: string,
  epoch: string,
  below: number,
): number | null {
  if (isListed(state, accountId, resource)) return null
  return lying(
    state,
    accountId,
    place => place.uid < below && place.resource === resource && place.epoch === epoch,
  ).length
}

export function placesIn(
  state: MemoryState,
  accountId: string,
  resource: string,
  epoch: string,
  { first, last }: { first: number; last: number },
  limit: number,
): Place[] {
  const within = (place: Place) =>
    place.uid >= first && place.uid <= last && place.resource === resource && place.epoch === epoch
  return lying(state, accountId, within).slice(0, limit)
}

export function placeEpochs(state: MemoryState, accountId: string): { resource: string; epoch: string }[] {
  const pairs = new Map(
    lying(state, accountId).map(({ resource, epoch }) => [
      JSON.stringify([resource, epoch]),
      { resource, epoch },
    ]),
  )
  return [...pairs.values()]
}

export function placeSums(state: MemoryState, accountId: string): PlaceSum[] {
  const sums = new Map<string, PlaceSum>()
  for (const { resource, epoch, flags } of lying(state, accountId)) {
    const key = JSON.stringify([resource, epoch])
    const sum = sums.get(key) ?? { resource, epoch, places: 0, unseen: 0 }
    sums.set(key, sum)
    sum.places += 1
    if (!flags.includes('\\Seen')) sum.unseen += 1
  }
  return [...sums.values()]
}

export function disagreeing(state: MemoryState, accountId: string, after: string, limit: number): string[] {
  const { userId } = state.accounts.get(accountId) ?? {}
  if (userId === undefined) return []
  const user = userOf(state, userId)
  const drafts = new Set(
    [...user.labels.values()].flatMap(({ row, providerId }) =>
      row.accountId === accountId && row.role === 'drafts' ? providerId : [],
    ),
  )
  const places = new Map<string, Place[]>()
  for (const place of lying(state, accountId))
    places.set(place.messageId, [...(places.get(place.messageId) ?? []), place])
  return [...user.messages.values()]
    .filter(message => {
      const own = places.get(message.providerId)
      return message.row.accountId === accountId && own && !sameState(accountId, message, derive(own, drafts))
    })
    .map(({ providerId }) => providerId)
    .filter(id => id > after)
    .sort(byText)
    .slice(0, limit)
}

export const countAllPlaces = (state: MemoryState, accountId: string, within?: string): number =>
  lying(state, accountId, ({ resource }) => within === undefined || resource === within).length
