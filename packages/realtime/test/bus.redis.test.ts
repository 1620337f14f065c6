import { busContract } from '@inlet/testkit/contract/bus'
import { startRedis } from '@inlet/testkit/redis'
import { startTcpGate } from '@inlet/testkit/tcp-gate'
import { startUpstashGateway } from '@inlet/testkit/upstash-gateway'
import { Redis } from 'ioredis'
import { redisBus } from '../src/bus-redis.ts'
import { upstashBus } from '../src/bus-upstash.ts'

/** Short limits, so that a silent connection is noticed within the test's own. */
const quick = { timeoutMs: 1_000, probeMs: 250, reconnect: { baseMs: 20, maxMs: 200 } }

busContract('Redis', async () => {
  const server = await startRedis()
  const gate = await startTcpGate(server.port)
  const other = new Redis(server.url)
  return {
    connect: () => redisBus({ ...quick, redisUrl: `redis://127.0.0.1:${gate.port}` }),
    faults: gate,
    sendForeign: async message => void (await other.publish('inlet', message)),
    close: async () => {
      other.disconnect()
      await gate.close()
      await server.stop()
    },
  }
})

busContract('Upstash', async () => {
  const server = await startRedis()
  const gateway = await startUpstashGateway({ redisUrl: server.url })
  const gate = await startTcpGate(gateway.port)
  const other = new Redis(server.url)
  const upstash = { url: `http://127.0.0.1:${gate.port}`, token: gateway.token }
  return {
    connect: () => upstashBus({ ...quick, upstash }),
    faults: gate,
    sendForeign: async message => void (await other.publish('inlet', message)),
    close: async () => {
      other.disconnect()
      await gate.close()
      await gateway.close()
      await server.stop()
    },
  }
})
