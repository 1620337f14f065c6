import { realWorld } from '@inlet/sync/world'
import { expect, test } from 'vitest'
import { createBackground } from '../src/background.ts'

type Parts = Parameters<typeof createBackground>[0]

test('what people look at without a doorbell is polled while they look, also where there is no worker', async () => {
  const asked: unknown[] = []
  const stopping = Promise.withResolvers<void>()
  let drained = 0
  const engine = {
    world: { ...realWorld, sleep: (_ms: number, signal?: AbortSignal) => realWorld.sleep(1, signal) },
    log: { warn: () => {}, error: () => {} },
    bus: { ring: async () => {} },
    store: { markSilent: async (options: unknown) => asked.push(options) },
    providers: new Map(),
  }
  const runner = {
    async drain() {
      drained += 1
      if (drained === 2) stopping.resolve()
    },
  }
  const viewers = () => (asked.length === 0 && drained === 0 ? ['u1'] : ['u1', 'u2'])
  const config = { worker: false }
  const { world, log } = engine
  const background = createBackground({ config, engine, runner, viewers, world, log } as unknown as Parts)
  await background.start()
  await stopping.promise
  await background.stopBackground()
  expect(asked[0]).toMatchObject({ everyMs: 30_000, userIds: ['u1'] })
  expect(asked[1]).toMatchObject({ everyMs: 30_000, userIds: ['u1', 'u2'] })
})

test.each([
  [null, null],
  ['cursor_expired', 'cursor_expired'],
])('a cursor that has expired (before: %s) is told as: %s', async (failedWith, code) => {
  const end = { ok: false, kind: 'cursor_expired', message: 'gone' }
  const engine = { world: realWorld, store: { mark: async () => 1 } }
  const runner = { runAccount: async () => [{ claim: { failedWith }, end, upserts: 0, deletions: 0 }] }
  const background = createBackground({ engine, runner, world: realWorld } as unknown as Parts)
  const told = await background.syncNow('a', new AbortController().signal)
  expect(told.error?.code ?? null).toBe(code)
})
