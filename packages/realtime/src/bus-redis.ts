import type { Bus, Ring } from '@inlet/sync/bus-port'
import { Redis, type RedisOptions } from 'ioredis'
import { type BusOptions, settleBusOptions } from './bus-options.ts'
import { keepConnected } from './keep-connected.ts'
import { RingBatch } from './ring-batch.ts'
import { decodeRings, encodeRings } from './ring-codec.ts'
import { RingListeners } from './ring-listeners.ts'

/**
 * Rings over Redis Pub/Sub: at most once, no history. Two connections, because one that subscribes belongs to
 * its subscriptions. No offline queue: a ring that can not go out now is lost, and the receivers' sweep finds it.
 */
export function redisBus(options: BusOptions & { redisUrl: string }): Bus {
  const settled = settleBusOptions(options)
  const { channel, world, timeoutMs, probeMs, onTrouble } = settled
  const listeners = new RingListeners(onTrouble)
  const stop = new AbortController()
  const common = {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    // Each connection is used up by its first fault; keepConnected makes the next one.
    retryStrategy: () => null,
  } satisfies RedisOptions
  let publisher: Redis | null = null
  let firstAttemptOver = () => {}
  const firstAttempt = new Promise<void>(resolve => {
    firstAttemptOver = resolve
  })

  /** Lives as long as its connection: opens it, hands it to `use`, probes it, closes it. */
  const session = async (name: string, use: (redis: Redis) => Promise<void>) => {
    const redis = new Redis(options.redisUrl, { ...common, connectionName: name })
    let lastError: unknown = null
    redis.on('error', error => {
      lastError = error
    })
    const left = new AbortController()
    const over = new Promise<never>((_, reject) => {
      redis.once('end', () => reject(lastError ?? new Error('The connection to Redis has ended.')))
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { signal: left.signal })
    })
    over.catch(() => {})
    try {
      await Promise.race([redis.connect(), over])
      await Promise.race([use(redis), over])
      for (;;) {
        await Promise.race([world.sleep(probeMs, stop.signal), over])
        await Promise.race([redis.ping(), over])
      }
    } finally {
      left.abort()
      redis.disconnect()
    }
  }

  const subscribing = keepConnected('The bus over Redis', settled, stop.signal, async established => {
    try {
      await session('inlet-bus-sub', async redis => {
        redis.on('message', (_, message) => listeners.deliver(decodeRings(message)))
        await redis.subscribe(channel)
        established()
        listeners.setConnected(true)
      })
    } finally {
      listeners.setConnected(false)
    }
  })
  const publishing = keepConnected('Ringing over Redis', settled, stop.signal, async established => {
    try {
      await session('inlet-bus-pub', async redis => {
        publisher = redis
        established()
        firstAttemptOver()
      })
    } finally {
      publisher = null
      firstAttemptOver()
    }
  })

  const batch = new RingBatch(async (rings: Ring[]) => {
    await firstAttempt
    if (publisher === null) return
    const redis: Redis = publisher
    try {
      await Promise.all(encodeRings(rings).map(message => redis.publish(channel, message)))
    } catch (error) {
      onTrouble(`${rings.length} rings over Redis`, error)
    }
  })

  return {
    ring: ring => (stop.signal.aborted ? Promise.resolve() : batch.add(ring)),
    subscribe: listener => listeners.onRing(listener),
    get connected() {
      return listeners.connected
    },
    onConnected: listener => listeners.onConnected(listener),
    async close() {
      stop.abort(new Error('The bus is closed.'))
      await Promise.all([subscribing, publishing])
      listeners.clear()
    },
  }
}
