import { type PlacesPage, UID_LAST } from './places.ts'
import { BATCH_MAX } from './store-port.ts'
import type { Work } from './work.ts'

/** As much as fits into one batch each. */
export function inPieces({ epoch, put, gone }: PlacesPage): PlacesPage[] {
  const parts = Math.ceil(Math.max(put.length, gone.length) / BATCH_MAX)
  const slice = <T>(all: T[], part: number) => all.slice(part * BATCH_MAX, (part + 1) * BATCH_MAX)
  return Array.from({ length: parts }, (_, part) => ({
    epoch,
    put: slice(put, part),
    gone: slice(gone, part),
  }))
}

/** The places of a folder, or of an epoch of it, that is over. Messages that lie nowhere else become failed items. */
export async function dropPlaces(
  work: Work,
  { resource, epoch }: { resource: string; epoch: string },
): Promise<void> {
  const { store } = work.engine
  for (;;) {
    const all = { first: 1, last: UID_LAST }
    const places = await store.placesIn(work.claim.accountId, resource, epoch, all, BATCH_MAX)
    if (places.length === 0) return
    await work.commit({
      places: { resource, epoch, put: [], gone: places.map(({ uid }) => uid), over: true },
    })
  }
}
