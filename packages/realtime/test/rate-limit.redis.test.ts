import { type RedisServer, startRedis } from '@inlet/testkit/redis'
import { startUpstashGateway, type UpstashGateway } from '@inlet/testkit/upstash-gateway'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectRealtime, type Realtime, type RealtimeOptions } from '../src/connect.ts'

const rule = { name: 'push', limit: 5, windowMs: 3_600_000 }
let server: RedisServer
let gateway: UpstashGateway
const open: Realtime[] = []

beforeAll(async () => {
  server = await startRedis()
  gateway = await startUpstashGateway({ redisUrl: server.url })
})
afterEach(async () => {
  server.resume()
  for (const each of open.splice(0)) await each.close()
})
afterAll(async () => {
  await gateway?.close()
  await server?.stop()
})
const connect = (options: RealtimeOptions) => {
  const realtime = connectRealtime(options)
  open.push(realtime)
  return realtime
}

for (const transport of ['redis', 'upstash'] as const) {
  describe(`limits over ${transport}`, () => {
    const address = (): RealtimeOptions =>
      transport === 'redis' ? { redisUrl: server.url } : { upstash: gateway }

    test('processes share one count, under keys with the prefix', async () => {
      const prefix = `shared-${transport}`
      const troubles: string[] = []
      const options = { ...address(), prefix, onTrouble: (what: string) => troubles.push(what) }
      const [a, b] = [connect(options), connect(options)]
      const limiters = [a.limiter(rule), b.limiter(rule)]
      await vi.waitUntil(
        async () =>
          (await a.limiter({ ...rule, name: 'warm' }).limit('x')) && troubles.splice(0).length === 0,
      )
      await vi.waitUntil(
        async () =>
          (await b.limiter({ ...rule, name: 'warm' }).limit('x')) && troubles.splice(0).length === 0,
      )
      const verdicts = []
      for (let i = 0; i < 8; i++) verdicts.push(await limiters[i % 2]?.limit('ip:10.0.0.1'))
      expect(verdicts.map(each => each?.ok)).toEqual([true, true, true, true, true, false, false, false])
      expect(verdicts[0]).toEqual({ ok: true, limit: 5, remaining: 4, retryAfterS: 0 })
      expect(verdicts[7]?.retryAfterS).toBeGreaterThan(0)
      expect(verdicts[7]?.retryAfterS).toBeLessThanOrEqual(3_600)
      expect(troubles).toEqual([])
      const redis = new Redis(server.url)
      const keys = await redis.keys(`${prefix}*`)
      redis.disconnect()
      expect(keys.some(key => key.startsWith(`${prefix}:limit:push:ip:10.0.0.1:`))).toBe(true)
    })

    test('a Redis that does not answer: the process counts by itself, still within the rule', async () => {
      const troubles: string[] = []
      const options = {
        ...address(),
        prefix: `slow-${transport}`,
        onTrouble: (what: string) => troubles.push(what),
      }
      const limiter = connect(options).limiter(rule)
      await vi.waitUntil(async () => (await limiter.limit('warm')) && troubles.splice(0).length === 0)
      server.pause()
      const verdicts = []
      for (let i = 0; i < 20; i++) verdicts.push(await limiter.limit('b'))
      expect(verdicts.filter(each => each.ok).length).toBe(5)
      expect(troubles.length).toBeGreaterThan(0)
      // The breaker has cut the waiting short: not every one of the twenty asked.
      expect(troubles.filter(what => what.startsWith('Counting')).length).toBeLessThan(6)
    })

    test('an aborted caller gets a verdict at once', async () => {
      const limiter = connect({ ...address(), prefix: `abort-${transport}` }).limiter(rule)
      server.pause()
      await expect(limiter.limit('c', AbortSignal.timeout(20))).resolves.toMatchObject({ ok: true, limit: 5 })
    })
  })
}

test('a Redis that is not there: no exception, and a limit all the same', async () => {
  const limiter = connect({ redisUrl: 'redis://127.0.0.1:1' }).limiter(rule)
  const verdicts = await Promise.all(Array.from({ length: 10 }, () => limiter.limit('a')))
  expect(verdicts.filter(each => each.ok).length).toBe(5)
})

test('without any address: a local bus and limits in the process', async () => {
  const realtime = connect({})
  expect(realtime.transport).toBe('local')
  expect(realtime.bus.connected).toBe(true)
  expect(await realtime.limiter(rule).limit('a')).toMatchObject({ ok: true, remaining: 4 })
})
