import { startRedis } from '@inlet/testkit/redis'
import { startTcpGate } from '@inlet/testkit/tcp-gate'
import { expect, onTestFinished, test, vi } from 'vitest'
import { redisBus } from '../src/bus-redis.ts'
import { Hub } from '../src/hub.ts'
import { FakeReader } from './fake-reader.ts'
import { MemoryFeed } from './memory-feed.ts'

const LIMIT = { timeout: 15_000, interval: 10 }

test('a change written by one process reaches the streams of another, with Redis, without it, and with it again', async () => {
  const server = await startRedis()
  const gate = await startTcpGate(server.port)
  const quick = { timeoutMs: 1_000, probeMs: 250, reconnect: { baseMs: 20, maxMs: 200 } }
  const redisUrl = `redis://127.0.0.1:${gate.port}`
  const [writer, web] = [redisBus({ ...quick, redisUrl }), redisBus({ ...quick, redisUrl })]
  const feed = new MemoryFeed()
  const hub = new Hub({
    feed,
    bus: web,
    liveSessions: async ids => new Set(ids),
    limits: { sweepMs: 3_600_000 },
  })
  onTestFinished(async () => {
    await hub.close()
    await Promise.all([writer.close(), web.close()])
    await gate.close()
    await server.stop()
  })
  const write = async (row: string) =>
    writer.ring({ type: 'feed', userId: 'ada', head: feed.write('ada', row) })
  const reader = new FakeReader(0)
  hub.open({ userId: 'ada', sessionId: 's', after: 0, sink: reader.sink })
  await vi.waitUntil(() => web.connected && writer.connected && hub.metrics().behind === 0, LIMIT)

  await write('rung')
  await vi.waitUntil(() => reader.cursor === 1, LIMIT)
  expect(hub.metrics().pollingHeads).toBe(false)

  await gate.cut()
  await vi.waitUntil(() => hub.metrics().pollingHeads, LIMIT)
  await write('unheard')
  await vi.waitUntil(() => reader.cursor === 2, LIMIT)
  expect(reader.ended).toBe(null)

  await gate.restore()
  await vi.waitUntil(() => !hub.metrics().pollingHeads, LIMIT)
  await write('rung again')
  await vi.waitUntil(() => reader.cursor === 3, LIMIT)
  expect(reader.mirror).toEqual(feed.truth('ada'))
  expect(reader.faults).toEqual([])
}, 40_000)
