import { expect, test } from 'vitest'
import type { Look } from '../src/provider-port.ts'
import type { AccountRecord, Lane } from '../src/store-port.ts'
import { IN_TURN, survey } from '../src/survey.ts'
import type { Work } from '../src/work.ts'

type Resource = AccountRecord['resources'][number]
const TREE = 'folders'
const resource = (key: string, more: Partial<Resource> = {}): Resource => ({
  ...{ id: `${key} live`, key, lane: 'live' as Lane, cursor: `c-${key}`, watchId: null, due: false },
  lastSyncedAt: 0,
  ...more,
})

async function surveyed(
  resources: Resource[],
  looks: Record<string, Look>,
  claim: { key?: string } = {},
): Promise<{ marked: string[]; asked: ReadonlyMap<string, string> | null; rings: number }> {
  const marked: string[] = []
  let asked: ReadonlyMap<string, string> | null = null
  let rings = 0
  const work = {
    engine: {
      store: {
        account: async () => ({ resources: [resource(TREE), ...resources] }),
        mark: async ({ resourceId }: { resourceId: string }) => marked.push(resourceId),
      },
      world: { now: () => 1 },
      bus: { ring: async () => void rings++ },
    },
    claim: { key: TREE, accountId: 'a', ...claim },
    conn: {},
    port: {
      tree: TREE,
      async survey(_conn: unknown, cursors: ReadonlyMap<string, string>) {
        asked = cursors
        return new Map(Object.entries(looks))
      },
    },
  } as unknown as Work
  await survey(work, new AbortController().signal)
  return { marked, asked, rings }
}

test('of what rests exactly that is marked which may have news', async () => {
  const { marked, asked, rings } = await surveyed(
    [resource('a'), resource('b'), resource('c'), resource('d', { due: true })],
    { a: 'same', b: 'pull', d: 'pull' },
  )
  expect([...(asked ?? [])]).toEqual([
    ['a', 'c-a'],
    ['b', 'c-b'],
    ['c', 'c-c'],
  ])
  // Nobody said anything of c: silence is no evidence.
  expect(marked).toEqual(['b live', 'c live'])
  expect(rings).toBe(1)
})

test('what is being listed, or has no cursor yet, is pulled whatever would be said of it', async () => {
  const listing = resource('a', { id: 'a listing', lane: 'listing' })
  const over = resource('b', { id: 'b listing', lane: 'listing', cursor: null })
  const { marked, asked } = await surveyed(
    [resource('a'), listing, resource('b'), over, resource('c', { cursor: null })],
    { a: 'same', b: 'same', c: 'same' },
  )
  expect([...(asked ?? new Map()).keys()]).toEqual(['b'])
  expect(marked).toEqual(['a live', 'c live'])
})

test('what cannot be told is pulled in turn, the longest not pulled first', async () => {
  const many = Array.from({ length: IN_TURN + 5 }, (_, at) =>
    resource(`f${at}`, { lastSyncedAt: 1_000 - at }),
  )
  const { marked } = await surveyed(many, Object.fromEntries(many.map(({ key }) => [key, 'unsure'])))
  expect(marked).toEqual(
    many
      .slice(-IN_TURN)
      .reverse()
      .map(({ id }) => id),
  )
})

test('nothing is asked by another resource than the tree', async () => {
  expect(await surveyed([resource('a')], { a: 'pull' }, { key: 'a' })).toEqual({
    ...{ marked: [], asked: null, rings: 0 },
  })
})
