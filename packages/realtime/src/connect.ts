import type { Bus } from '@inlet/sync/bus-port'
import { realWorld, type World } from '@inlet/sync/world'
import { Redis as UpstashRedis } from '@upstash/redis'
import { Redis as TcpRedis } from 'ioredis'
import { backoffMs } from './backoff.ts'
import { Breaker } from './breaker.ts'
import { localBus } from './bus-local.ts'
import { postgresBus } from './bus-postgres.ts'
import { redisBus } from './bus-redis.ts'
import { type UpstashAddress, upstashBus } from './bus-upstash.ts'
import type { RateLimiter, RateRule } from './rate-limit.ts'
import { memoryLimiter } from './rate-limit-memory.ts'
import { redisLimiter, type ScriptRedis, scriptRedis } from './rate-limit-redis.ts'

export interface RealtimeOptions {
  /** redis:// or rediss:// */
  redisUrl?: string
  upstash?: UpstashAddress
  /** A direct address of Postgres, for the bus when there is no Redis: not one of a pooler in transaction mode. */
  databaseUrl?: string
  /** Of the bus channel and of every key: keeps two installations on one Redis apart. Default "inlet". */
  prefix?: string
  world?: World
  /** Told of faults that are survived: a lost connection, a limit counted in the process. */
  onTrouble?(what: string, error: unknown): void
}

export interface Realtime {
  transport: 'redis' | 'upstash' | 'postgres' | 'local'
  bus: Bus
  /** One limiter for a rule; make it once and keep it, because what it counts without Redis lives in it. */
  limiter(rule: RateRule): RateLimiter
  close(): Promise<void>
}

const LIMIT_TIMEOUT_MS = 500

/** The first of redisUrl, upstash, databaseUrl that is given carries the rings; limits are shared over Redis only. */
export function connectRealtime(options: RealtimeOptions): Realtime {
  const world = options.world ?? realWorld
  const onTrouble = options.onTrouble ?? (() => {})
  const prefix = options.prefix ?? 'inlet'
  const common = { channel: prefix, world, onTrouble }
  const { redisUrl, upstash, databaseUrl } = options
  const overRedis = (redis: ScriptRedis) => {
    const breaker = new Breaker(world)
    const limits = { redis, breaker, world, prefix, timeoutMs: LIMIT_TIMEOUT_MS, onTrouble }
    return (rule: RateRule) => redisLimiter(rule, limits)
  }

  if (redisUrl !== undefined) {
    const bus = redisBus({ ...common, redisUrl })
    const redis = commandRedis(redisUrl, world)
    const limiter = overRedis(scriptRedis(redis))
    const close = async () => {
      redis.disconnect()
      await bus.close()
    }
    return { transport: 'redis', bus, limiter, close }
  }
  if (upstash !== undefined) {
    const bus = upstashBus({ ...common, upstash })
    const redis = new UpstashRedis({
      ...upstash,
      enableTelemetry: false,
      retry: false,
      signal: () => AbortSignal.timeout(LIMIT_TIMEOUT_MS),
    })
    return { transport: 'upstash', bus, limiter: overRedis(redis), close: () => bus.close() }
  }
  const limiter = (rule: RateRule) => memoryLimiter(rule, world)
  if (databaseUrl !== undefined) {
    const bus = postgresBus({ ...common, databaseUrl })
    return { transport: 'postgres', bus, limiter, close: () => bus.close() }
  }
  const bus = localBus(onTrouble)
  return { transport: 'local', bus, limiter, close: () => bus.close() }
}

/** For commands; reconnects by itself, and refuses at once while it is not connected. */
function commandRedis(redisUrl: string, world: World): TcpRedis {
  const redis = new TcpRedis(redisUrl, {
    connectionName: 'inlet-limits',
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: 5_000,
    commandTimeout: LIMIT_TIMEOUT_MS,
    retryStrategy: attempts => backoffMs(attempts, world, { baseMs: 100, maxMs: 5_000 }),
  })
  // Every command that fails says so to its caller; without a listener the event would end the process.
  redis.on('error', () => {})
  return redis
}
