import { expect, test } from 'vitest'
import type { Place, PlacesPage, PulledPlace } from '../src/places.ts'
import { settle } from '../src/settle.ts'
import type { Batch, ListingCursor } from '../src/store-port.ts'
import { newListing } from '../src/sync-resource.ts'
import { NOTHING_FOUND } from '../src/tally.ts'
import type { Work } from '../src/work.ts'

const EPOCH = '7'
const PAGE = 4
const place = (uid: number): PulledPlace => ({ messageId: `m${uid}`, uid, flags: [], modseq: null })

/** A folder that is listed in pages of four, newest first, and what is stored of it. */
function folderOf(there: number[], here: number[], omitted?: number) {
  const saved: PlacesPage[] = []
  const stored = here.map(uid => ({ ...place(uid), resource: 'INBOX', epoch: EPOCH }) satisfies Place)
  const list = async (_conn: unknown, _key: string, _name: string, position: string | null) => {
    const below = there.filter(uid => uid < Number(position ?? 1_000)).sort((a, b) => b - a)
    const uids = below.slice(0, PAGE)
    const lowest = below.length > PAGE ? Math.min(...uids) : 1
    const gone = here.filter(uid => uid >= lowest && uid < Number(position ?? 1_000) && !there.includes(uid))
    return {
      items: uids.map(uid => ({ id: `m${uid}`, message: null })),
      places: { epoch: EPOCH, put: uids.filter(uid => uid !== omitted).map(place), gone },
      next: below.length > PAGE ? `${uids.at(-1)}` : null,
      total: null,
    }
  }
  const store = {
    storedCount: async () => here.length,
    livePassed: async () => 2,
    placeEpochs: async () => [{ resource: 'INBOX', epoch: EPOCH }],
    placesIn: async (
      _account: string,
      _key: string,
      _epoch: string,
      range: { first: number; last: number },
    ) => stored.filter(({ uid }) => uid >= range.first && uid <= range.last),
    storedVersions: async (_account: string, ids: string[]) => new Map(ids.map(id => [id, 1n])),
  }
  const work = {
    engine: { store },
    claim: { accountId: 'a', lease: { resourceId: 'r' } },
    port: { placed: true, list },
    key: 'INBOX',
    world: { now: () => 3 },
  } as unknown as Work
  const save = async (next: ListingCursor, part: Partial<Batch> = {}) => {
    if (part.places) saved.push(part.places)
    return next
  }
  return { work, save, saved }
}

const comparing = (pages: { position: string | null; first: number; top: number }[]): ListingCursor => ({
  ...newListing('reconcile', 1),
  listings: [{ name: 'all', labelId: 'INBOX', counted: true }],
  compare: { id: 'c', tally: { provider: 0, stored: 0, ...NOTHING_FOUND }, waiting: 1, pages, top: 0 },
})
const never = new AbortController().signal
const goneOf = (saved: PlacesPage[]) => saved.flatMap(({ gone }) => gone)

test('mail that has arrived above a page that differed pushes nothing of it out', async () => {
  // Once the newest page; nine more have come since.
  const there = [1, 2, 3, 4, 5, 6, 7, 8, ...Array.from({ length: 9 }, (_, at) => 9 + at)]
  const { work, save, saved } = folderOf(there, there)
  await settle(work, comparing([{ position: null, first: 5, top: 8 }]), save, never)
  expect(goneOf(saved)).toEqual([])
})

test('of such a page exactly that is gone which is not there any more', async () => {
  const there = [1, 2, 3, 5, 8, ...Array.from({ length: 9 }, (_, at) => 9 + at)]
  const { work, save, saved } = folderOf(there, [1, 2, 3, 4, 5, 6, 7, 8])
  const pages = [
    { position: null, first: 5, top: 8 },
    { position: '5', first: 1, top: 4 },
  ]
  await settle(work, comparing(pages), save, never)
  expect(goneOf(saved).sort((a, b) => a - b)).toEqual([4, 6, 7])
  expect(saved.flatMap(({ put }) => put)).toEqual([])
})

test('what a page leaves out and does not call gone stays', async () => {
  const there = [1, 2, 3, 4, 5, 6, 7, 8]
  const { work, save, saved } = folderOf(there, there, 6)
  await settle(work, comparing([{ position: null, first: 5, top: 8 }]), save, never)
  expect(goneOf(saved)).toEqual([])
})
