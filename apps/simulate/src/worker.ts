import { runTimers } from '@inlet/runtime/timers'
import type { Bus } from '@inlet/sync/bus-port'
import type { Engine, Log } from '@inlet/sync/engine'
import { pollFallback } from '@inlet/sync/fallback-poll'
import { prove } from '@inlet/sync/prove'
import { Runner } from '@inlet/sync/runner'
import type { Store } from '@inlet/sync/store-port'
import { RENEW_WITHIN_MS, renewWatches } from '@inlet/sync/watches'
import type { World } from '@inlet/sync/world'
import type { Clock } from './clock.ts'
import type { Polls } from './polls.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'

/** The runner's pause between two looks at the database; see Clock.idle. */
const IDLE_MS = 1_000

export type EngineParts = {
  clock: Clock
  random: Random
  trace: Trace
  process: Process
  store: Store
  bus: Bus
  providers: Engine['providers']
}

export function engineOf({ clock, random, trace, process, store, bus, providers }: EngineParts): Engine {
  const world: World = {
    now: () => clock.now(),
    random: () => random.next(),
    sleep: (ms, signal) => process.sleep(ms, signal),
  }
  const say = (fields: object, message: string) => {
    if (!trace.on) return
    const { lane, error, timer } = fields as { lane?: string; error?: string; timer?: string }
    trace.say(process.name, [message, lane, timer, error].filter(part => part !== undefined).join(' · '))
  }
  const log: Log = { info: say, warn: say, error: say }
  return { store, bus, world, log, providers, callbackUrl: () => null }
}

/** A worker process: the real runner and the timers that the runtime gives a worker. */
export function startWorker(parts: EngineParts & { concurrency: number; polls: Polls }): {
  stop(): Promise<void>
} {
  const engine = engineOf(parts)
  const { polls, concurrency } = parts
  const stopping = new AbortController()
  const { clock, process } = parts
  // Only the runner's pause: others sleep as long by chance.
  const sleep: World['sleep'] = (ms, signal) =>
    process.step(() => (ms === IDLE_MS ? clock.idle(ms, signal) : clock.sleep(ms, signal)))
  const runner = new Runner({ ...engine, world: { ...engine.world, sleep } }, { concurrency })
  const MINUTE = 60_000
  const proveAll = async (signal: AbortSignal) => {
    for (const accountId of new Set(
      (await parts.store.watchesDue(engine.world.now(), 1e12, 100)).map(due => due.accountId),
    ))
      await prove(engine, accountId, signal).catch(() => 0)
  }
  const timers = [
    {
      name: 'renew-watches',
      everyMs: MINUTE,
      firstMs: 1_000,
      run: (signal: AbortSignal) => renewWatches(engine, RENEW_WITHIN_MS, signal),
    },
    {
      name: 'poll',
      everyMs: MINUTE / 2,
      firstMs: 5_000,
      run: async () => (polls.may ? await pollFallback(engine) : 0),
    },
    {
      name: 'prove',
      everyMs: 15 * MINUTE,
      firstMs: 2 * MINUTE,
      run: async (signal: AbortSignal) => (polls.haveLooked ? await proveAll(signal) : 0),
    },
  ]
  const running = Promise.all([
    runner.run(stopping.signal),
    runTimers(timers, engine.world, engine.log, stopping.signal),
  ])
  return {
    async stop() {
      stopping.abort(new Error('The process is stopping.'))
      await running
    },
  }
}
