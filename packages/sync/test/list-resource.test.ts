import { expect, test } from 'vitest'
import { listResource } from '../src/list-resource.ts'
import type { PulledMessage } from '../src/provider-port.ts'
import type { Batch, ListingCursor } from '../src/store-port.ts'
import { newListing } from '../src/sync-resource.ts'
import type { Work } from '../src/work.ts'

const PAGE = 10
const never = new AbortController().signal

const LANES = ['INBOX', 'Sent', 'folders'].flatMap(key =>
  ['live', 'listing'].map(lane => ({ id: `${lane} ${key}`, key, lane })),
)

type Folder = { count: number; stored?: (uid: number) => boolean; kind?: ListingCursor['kind'] }

/** A placed folder with so many messages, listed in pages of ten: whole where it is asked so. */
async function walked({ count, stored = () => false, kind = 'backfill' }: Folder) {
  const asked: boolean[] = []
  const fetched: string[] = []
  const commits: Partial<Batch>[] = []
  const marked: object[] = []
  const uidOf = (id: string) => Number(id.slice(1))
  const list = async (
    _conn: unknown,
    _key: string,
    _listing: string,
    position: string | null,
    _signal: AbortSignal,
    whole = false,
  ) => {
    asked.push(whole)
    const top = position === null ? count : Number(position)
    const uids = Array.from({ length: Math.min(PAGE, top) }, (_, at) => top - at)
    const last = top - PAGE <= 0
    return {
      items: uids.map(uid => ({
        id: `m${uid}`,
        message: whole ? ({ id: `m${uid}` } as PulledMessage) : null,
      })),
      places: {
        epoch: '1',
        put: uids.map(uid => ({ uid, messageId: `m${uid}`, flags: [], modseq: null })),
        gone: [],
      },
      next: last ? null : `${top - PAGE}`,
      total: count,
    }
  }
  const work = {
    engine: {
      store: {
        storedVersions: async (_account: string, ids: string[]) =>
          new Map(ids.filter(id => stored(uidOf(id))).map(id => [id, 1n])),
        placeEpochs: async () => [],
        account: async () => ({ resources: LANES }),
        mark: async (target: object) => void marked.push(target),
      },
      bus: { ring: async () => {} },
    },
    claim: { accountId: 'a', cursor: JSON.stringify(newListing(kind, 1)), lease: { resourceId: 'r' } },
    port: {
      placed: true,
      tree: 'folders',
      list,
      listings: async () => [{ name: 'all', labelId: 'INBOX', counted: true }],
      counts: async () => ({ messages: count, unread: null }),
      fetch: async function* (_conn: unknown, _key: string, ids: string[]) {
        for (const id of ids) {
          fetched.push(id)
          yield { id, outcome: 'message', message: { id } }
        }
      },
    },
    key: 'INBOX',
    world: { now: () => 3 },
    commit: async (part: Partial<Batch>) => void commits.push(part),
  } as unknown as Work
  expect(await listResource(work, never)).toEqual({ ok: true })
  return { asked, fetched, commits, marked }
}

test('the first listing of a folder has messages, places and position of a page in one commit', async () => {
  const { asked, fetched, commits } = await walked({ count: 3 * PAGE })
  expect(asked).toEqual([true, true, true])
  expect(fetched).toEqual([])
  const pages = commits.filter(({ upserts }) => upserts)
  expect(pages).toHaveLength(3)
  for (const { upserts, places, cursor } of pages) {
    expect(upserts).toHaveLength(PAGE)
    expect(places?.put.map(({ messageId }) => messageId)).toEqual(upserts?.map(({ id }) => id))
    expect(places).toMatchObject({ resource: 'INBOX', onlyNew: true })
    expect(cursor).toBeTypeOf('string')
  }
  const positions = pages.map(({ cursor }) => (JSON.parse(cursor ?? '') as ListingCursor).position)
  expect(positions).toEqual(['20', '10', null])
})

test('what is stored already is not asked for whole for long, nor stored again', async () => {
  const { asked, fetched, commits } = await walked({ count: 20 * PAGE, stored: uid => uid % 2 === 0 })
  expect(asked[0]).toBe(true)
  expect(asked.slice(1)).not.toContain(true)
  const upserts = commits.flatMap(({ upserts = [] }) => upserts.map(({ id }) => id))
  expect(upserts).toHaveLength(10 * PAGE)
  expect(upserts.every(id => Number(id.slice(1)) % 2 === 1)).toBe(true)
  expect(fetched).toHaveLength(10 * PAGE - (asked.filter(Boolean).length * PAGE) / 2)
})

test('a folder that is listed again names its messages first', async () => {
  const { asked, fetched } = await walked({ count: 3 * PAGE, stored: uid => uid > 5, kind: 'resync' })
  expect(asked).toEqual([false, false, false])
  expect(fetched.sort()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
})

test('after a listing the lanes of its folder and of the tree look, and no others', async () => {
  const { marked } = await walked({ count: 1 })
  expect(marked).toEqual([{ resourceId: 'live INBOX' }, { resourceId: 'live folders' }])
})
