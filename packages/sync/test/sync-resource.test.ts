import { expect, test } from 'vitest'
import type { PulledPage } from '../src/provider-port.ts'
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

test('a page that says nothing asks the database nothing, and one that names a message does', async () => {
  const nothing = { touched: [], patches: [], upserts: [], deletions: [], labelsChanged: false }
  const page = { ...nothing, cursor: 'b' } as unknown as PulledPage
  const asked: string[] = []
  const store = {
    storedVersions: async (_account: string, ids: string[]) => {
      asked.push(...ids)
      return new Map(ids.map(id => [id, 9n]))
    },
    labelIds: async () => {
      asked.push('labels')
      return new Set(['INBOX'])
    },
  }
  const commits: Partial<Batch>[] = []
  const pull = (page: PulledPage) =>
    syncResource(
      {
        engine: { store },
        claim: { cursor: 'a', accountId: 'a', trigger: 'push' },
        port: {
          async *pull() {
            yield page
          },
        },
        key: 'INBOX',
        world: { now: () => 1_000 },
        upserts: 0,
        deletions: 0,
        commit: async (part: Partial<Batch>) => void commits.push(part),
      } as unknown as Work,
      new AbortController().signal,
    )
  expect(await pull(page)).toEqual({ ok: true })
  expect(asked).toEqual([])
  expect(commits).toMatchObject([{ cursor: 'b' }])
  await pull({ ...page, touched: [{ id: 'm1', version: 8n }] })
  expect(asked).toEqual(['m1', 'labels'])
})
