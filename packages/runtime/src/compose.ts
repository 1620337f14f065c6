import { openDatabase } from '@inlet/db/client'
import { createFeedReader } from '@inlet/db/feed'
import { createMessageReader } from '@inlet/db/messages'
import { createStore } from '@inlet/db/store'
import { createVault } from '@inlet/db/vault'
import { type Adapters, mailProviders } from '@inlet/providers/registry'
import { connectRealtime } from '@inlet/realtime/connect'
import { Hub } from '@inlet/realtime/hub'
import type { RateLimiter, RateRule } from '@inlet/realtime/rate-limit'
import { Attendance } from '@inlet/sync/attend'
import type { Bus } from '@inlet/sync/bus-port'
import type { Engine } from '@inlet/sync/engine'
import { newId } from '@inlet/sync/row-id'
import { Runner } from '@inlet/sync/runner'
import { realWorld } from '@inlet/sync/world'
import { createBackground } from './background.ts'
import type { Config } from './env.ts'
import { openGmail } from './google.ts'
import { openImap } from './imap.ts'
import { parseKeyRing } from './keys.ts'
import { createLog } from './log.ts'
import { messageContent } from './message-content.ts'
import { Metrics } from './metrics.ts'
import { openGraph } from './microsoft.ts'
import { createOperations } from './operations.ts'

export type Runtime = Awaited<ReturnType<typeof createRuntime>>

/** Everything, put together once per process. Nothing runs until `start`; `stop` ends it within a few seconds. */
export async function createRuntime(config: Config) {
  const world = realWorld
  const log = createLog(config.logLevel)
  const trouble = (what: string, error: unknown) => log.warn({ error: String(error) }, what)
  const { pool, prisma, close } = openDatabase({
    url: config.databaseUrl,
    onIdleError: error => trouble('database connection', error),
  })
  const realtime = connectRealtime({
    databaseUrl: config.databaseUrl,
    ...(config.redisUrl ? { redisUrl: config.redisUrl } : {}),
    ...(config.upstash ? { upstash: config.upstash } : {}),
    onTrouble: trouble,
  })
  const feed = createFeedReader(pool)
  const vault = createVault(parseKeyRing(config.encryptionKeys))
  const onIndexError = (error: unknown) => trouble('search index', error)
  const store = createStore({ pool, vault, world, onIndexError })
  const reads = createMessageReader(pool)
  const { google, microsoft, imap } = config
  const adapters: Adapters = {
    gmail: google && openGmail(google),
    graph: microsoft && openGraph(microsoft),
    imap: imap && openImap(imap),
  }
  const operations = createOperations({ pool, prisma, vault })
  const metrics = new Metrics()

  const hub = new Hub({
    feed,
    bus: realtime.bus,
    liveSessions: operations.liveSessions,
    world,
    onTrouble: trouble,
    limits: { streamsPerUser: config.streamsPerUser, lifetimeMs: config.streamLifetimeMs },
  })
  const engine: Engine = {
    store,
    bus: ringHereFirst(realtime.bus, hub),
    world,
    log,
    providers: mailProviders(adapters),
    // Gmail has a topic instead, which is configured at Google.
    callbackUrl: provider => (provider === 'graph' ? (microsoft?.callbackUrl ?? null) : null),
  }
  const runner = new Runner(engine, { concurrency: config.syncConcurrency })
  const attendance = new Attendance(engine, { workerId: newId(), onMark: () => runner.kick() })
  const background = createBackground({
    ...{ config, engine, runner, attendance, operations, log, world },
    viewers: () => hub.viewers(),
  })

  const limiters = new Map<string, RateLimiter>()
  const limit = (rule: RateRule, key: string) => {
    const limiter = limiters.get(rule.name) ?? realtime.limiter(rule)
    limiters.set(rule.name, limiter)
    return limiter.limit(key)
  }

  return {
    config,
    log,
    prisma,
    engine,
    adapters,
    feed,
    reads,
    hub,
    metrics,
    limit,
    ...background,
    ...operations,
    ...messageContent({ engine, reads }),
    /** Ends a session's streams in every process. */
    async signedOut(userId: string, sessionId: string): Promise<void> {
      hub.closeSession(sessionId)
      await realtime.bus.ring({ type: 'signed_out', userId, sessionId })
    },
    figures: () => ({
      ...metrics.snapshot(),
      hub: hub.metrics(),
      transport: realtime.transport,
      running: runner.busy,
      attended: attendance.figures,
    }),
    async stop(): Promise<void> {
      await background.stopBackground()
      await adapters.imap?.close()
      await hub.close()
      await realtime.close()
      await close()
    },
  }
}

/** A ring of this process reaches its own streams at once; the bus is for the other processes. */
function ringHereFirst(bus: Bus, hub: Hub): Bus {
  return {
    ring(ring) {
      if (ring.type === 'feed') hub.ring(ring.userId, ring.head)
      return bus.ring(ring)
    },
    subscribe: listener => bus.subscribe(listener),
    get connected() {
      return bus.connected
    },
    onConnected: listener => bus.onConnected(listener),
    close: () => bus.close(),
  }
}
