import { expect, test } from 'vitest'
import type { Batch } from '../src/store-port.ts'
import { syncResource } from '../src/sync-resource.ts'
import type { Work } from '../src/work.ts'

test('a folder of a placed account is not followed before it is known what its folders are for', async () => {
  const labels = new Set<string>()
  const commits: Partial<Batch>[] = []
  const work = {
    engine: { store: { labelIds: async () => labels } },
    claim: { cursor: null, accountId: 'a' },
    port: { placed: true, tree: 'folders', currentCursor: async () => 'now' },
    key: 'Drafts',
    world: { now: () => 1_000 },
    commit: async (part: Partial<Batch>) => void commits.push(part),
  } as unknown as Work
  expect(await syncResource(work, new AbortController().signal)).toEqual({ ok: true, again: { at: 1_500 } })
  expect(commits).toEqual([])
  labels.add('Drafts')
  expect(await syncResource(work, new AbortController().signal)).toEqual({ ok: true })
  expect(commits).toMatchObject([{ cursor: 'now', startListing: { kind: 'backfill' } }])
})

test('folders that wait for their tree are due as soon as it is known', async () => {
  const said: unknown[] = []
  const workOf = (key: string) =>
    ({
      engine: {
        store: {
          labelIds: async () => new Set(['Drafts']),
          placeEpochs: async () => [],
          mark: async (...mark: unknown[]) => void said.push(mark),
        },
        bus: { ring: async (ring: unknown) => void said.push(ring) },
      },
      claim: { cursor: null, accountId: 'a' },
      port: {
        placed: true,
        tree: 'folders',
        currentCursor: async () => 'now',
        labels: async () => [],
        resources: async () => [],
      },
      key,
      world: { now: () => 1_000 },
      commit: async () => void said.push('commit'),
    }) as unknown as Work
  await syncResource(workOf('folders'), new AbortController().signal)
  expect(said).toEqual(['commit', [{ accountId: 'a', lanes: ['live'] }, 'schedule', 1_000], { type: 'work' }])
  said.length = 0
  await syncResource(workOf('Drafts'), new AbortController().signal)
  expect(said).toEqual(['commit'])
})
