import type { SyncResponse } from '@inlet/protocol/sync-api'
import type { Attendance } from '@inlet/sync/attend'
import type { Engine, Log } from '@inlet/sync/engine'
import { pollFallback, pollForViewers } from '@inlet/sync/fallback-poll'
import { prove } from '@inlet/sync/prove'
import { reconcileDue } from '@inlet/sync/reconcile'
import type { Runner } from '@inlet/sync/runner'
import { RENEW_DAILY_MS, RENEW_WITHIN_MS, renewWatches } from '@inlet/sync/watches'
import type { World } from '@inlet/sync/world'
import type { Config } from './env.ts'
import { pullPushes } from './google.ts'
import type { Operations } from './operations.ts'
import { runTimers, type Timer } from './timers.ts'

const MINUTE = 60_000

type Parts = {
  config: Config
  engine: Engine
  runner: Runner
  attendance: Attendance
  /** Who has a stream in this process. */
  viewers(): string[]
  operations: Operations
  log: Log
  world: World
}

/**
 * What goes on beside requests. Where this process is a worker, the runner and the timers work all the time; where it is
 * not (Vercel), routes and cron call the same things and work is drained after a response.
 */
export function createBackground({
  config,
  engine,
  runner,
  attendance,
  viewers,
  operations,
  log,
  world,
}: Parts) {
  const stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()

  const proveAll = async (signal: AbortSignal) => {
    const ids = await operations.accountIds()
    const missing: Record<string, number> = {}
    for (const id of ids) {
      signal.throwIfAborted()
      try {
        missing[id] = await prove(engine, id, signal)
      } catch (error) {
        log.warn({ accountId: id, error: String(error) }, 'proof not taken')
      }
    }
    return { accounts: ids.length, missing }
  }

  const timers: Timer[] = [
    {
      name: 'renew-watches',
      // A folder that was found meanwhile has none yet.
      everyMs: MINUTE,
      firstMs: 1_000,
      run: signal => renewWatches(engine, RENEW_WITHIN_MS, signal),
    },
    {
      name: 'renew-watches-daily',
      everyMs: 24 * 60 * MINUTE,
      firstMs: 60 * MINUTE,
      run: signal => renewWatches(engine, RENEW_DAILY_MS, signal),
    },
    { name: 'poll', everyMs: MINUTE / 2, firstMs: 5_000, run: () => pollFallback(engine) },
    { name: 'prove', everyMs: 15 * MINUTE, firstMs: 2 * MINUTE, run: proveAll },
    { name: 'reconcile', everyMs: 5 * MINUTE, firstMs: 4 * MINUTE, run: () => reconcileDue(engine) },
    { name: 'prune', everyMs: 6 * 60 * MINUTE, firstMs: 5 * MINUTE, run: () => operations.prune() },
    { name: 'rotate-keys', everyMs: 24 * 60 * MINUTE, firstMs: 10_000, run: () => operations.rotateKeys() },
    { name: 'index', everyMs: 2_000, firstMs: 2_000, run: () => operations.indexSearch() },
  ]

  /** Work is due: a worker is woken, elsewhere it is drained now. */
  async function kick(): Promise<void> {
    if (config.worker) runner.kick()
    else await runner.drain(AbortSignal.timeout(20_000))
  }

  /** Also where there is no worker: as long as a stream is open, its process runs. */
  const forViewers: Timer = {
    name: 'poll-for-viewers',
    everyMs: 10_000,
    firstMs: 10_000,
    async run() {
      if ((await pollForViewers(engine, viewers())) > 0) await kick()
    },
  }

  return {
    async start(): Promise<void> {
      const { signal } = stopping
      if (!config.worker) {
        running = runTimers([forViewers], world, log, signal)
        return
      }
      const pulling = config.google ? pullPushes(config.google, engine, signal) : null
      running = Promise.all([
        runner.run(signal),
        runTimers([...timers, forViewers], world, log, signal),
        attendance.run(signal),
        pulling,
      ])
    },
    kick,
    drain: (signal: AbortSignal) => runner.drain(signal),
    renewWatchesNow: (signal: AbortSignal) => renewWatches(engine, RENEW_WITHIN_MS, signal),
    proveAll,
    reconcileDue: () => reconcileDue(engine),
    async syncNow(accountId: string, signal: AbortSignal): Promise<SyncResponse['accounts'][number]> {
      await engine.store.mark({ accountId, lanes: ['live', 'items'] }, 'person', world.now())
      const results = await runner.runAccount(accountId, ['live'], signal)
      // A first cursor that has expired is no failure: what it leads to has begun.
      const failed = results.find(
        ({ end, claim }) => !end.ok && (end.kind !== 'cursor_expired' || claim.failedWith === end.kind),
      )?.end
      const error = failed && !failed.ok ? { code: failed.kind, message: failed.message } : null
      const changes = results.reduce((sum, result) => sum + result.upserts + result.deletions, 0)
      return { accountId, changes: results.length > 0 ? changes : null, error }
    },
    async stopBackground(): Promise<void> {
      stopping.abort(new Error('The process is stopping.'))
      await running
    },
  }
}
