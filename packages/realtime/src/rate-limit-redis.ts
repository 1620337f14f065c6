import type { World } from '@inlet/sync/world'
import { Ratelimit } from '@upstash/ratelimit'
import type { Redis as UpstashRedis } from '@upstash/redis'
import type { Redis as TcpRedis } from 'ioredis'
import type { Breaker } from './breaker.ts'
import { withDeadline } from './deadline.ts'
import { type RateLimiter, type RateRule, retryAfterS } from './rate-limit.ts'
import { memoryLimiter } from './rate-limit-memory.ts'

/** The three commands that @upstash/ratelimit 2.0.8 uses for one region. */
export type ScriptRedis = Pick<UpstashRedis, 'evalsha' | 'get' | 'set'> & Pick<UpstashRedis, 'eval'>

export interface RedisLimiterOptions {
  redis: ScriptRedis
  /** Shared by all rules over this Redis. */
  breaker: Breaker
  world: World
  /** Of every key in Redis. */
  prefix: string
  /** How long to wait for Redis before counting in this process. */
  timeoutMs: number
  onTrouble(what: string, error: unknown): void
}

/** A limiter over Redis that counts in this process while Redis is down, slow or refusing. */
export function redisLimiter(rule: RateRule, options: RedisLimiterOptions): RateLimiter {
  const { redis, breaker, world, prefix, timeoutMs, onTrouble } = options
  const fallback = memoryLimiter(rule, world)
  const ratelimit = new Ratelimit({
    redis,
    prefix: `${prefix}:limit:${rule.name}`,
    limiter: Ratelimit.slidingWindow(rule.limit, `${rule.windowMs} ms`),
    // The library's own time limit lets everything through when it expires; ours is below.
    timeout: 0,
    // Its cache of blocked keys has no bound.
    ephemeralCache: false,
    analytics: false,
  })
  return {
    async limit(key, signal) {
      if (signal?.aborted || !breaker.admits()) return fallback.take(key)
      try {
        const answer = await withDeadline(
          world,
          timeoutMs,
          'A rate limit',
          () => ratelimit.limit(key),
          signal,
        )
        breaker.succeeded()
        const ok = answer.success
        const { limit, remaining, reset } = answer
        return { ok, limit, remaining, retryAfterS: retryAfterS(ok, reset, world.now()) }
      } catch (error) {
        if (signal?.aborted) breaker.abandoned()
        else {
          breaker.failed()
          onTrouble('Counting a rate limit in Redis', error)
        }
        return fallback.take(key)
      }
    },
  }
}

/** ioredis in the shape that @upstash/ratelimit asks for. */
export function scriptRedis(redis: TcpRedis): ScriptRedis {
  const text = (args: unknown[]) => args.map(arg => String(arg ?? ''))
  const adapter = {
    evalsha: (sha: string, keys: string[], args: unknown[]) =>
      redis.evalsha(sha, keys.length, ...keys, ...text(args)),
    eval: (script: string, keys: string[], args: unknown[]) =>
      redis.eval(script, keys.length, ...keys, ...text(args)),
    get: (key: string) => redis.get(key),
    set: (key: string, value: unknown) => redis.set(key, String(value)),
  }
  // The library's types describe all of its client's overloads; it calls the four above in these forms.
  return adapter as unknown as ScriptRedis
}
