import { carryOut } from './carry-out.ts'
import { announce, type Engine } from './engine.ts'
import { listResource } from './list-resource.ts'
import { prove } from './prove.ts'
import { ProviderError, StaleLease } from './provider-errors.ts'
import { nextAttempt } from './retry.ts'
import { retryItems } from './retry-items.ts'
import type { Claim, Lane, RunEnd } from './store-port.ts'
import { syncResource } from './sync-resource.ts'
import { type Work, workOn } from './work.ts'

const LEASE_MS = 60_000
const RENEW_MS = 20_000
/** A live run that takes longer is given up and tried again; listings renew their lease for as long as they move. */
const RUN_LIMIT_MS = 10 * 60_000
const LISTING_LIMIT_MS = 6 * 60 * 60_000
/** Marks whose ring was lost are found within this time (I3). */
const IDLE_MS = 1_000

const lanes: Record<Lane, (work: Work, signal: AbortSignal) => Promise<RunEnd>> = {
  live: syncResource,
  listing: listResource,
  items: retryItems,
  mutations: carryOut,
}

export type RunResult = { claim: Claim; end: RunEnd; upserts: number; deletions: number }

/**
 * Claims due resources and works on them, a bounded number at once. Any number of runners may share one database:
 * the claim decides. `kick` says that something is due now.
 */
export class Runner {
  readonly #engine: Engine
  readonly #concurrency: number
  /** Claimed at a time. */
  readonly #atOnce: number
  readonly #running = new Map<Promise<RunResult>, Claim>()
  #listings = 0
  #wake: (() => void) | null = null
  #kicked = false
  /** When a run of ours asked to be looked at again; sooner than the idle round would. */
  #againAt = Number.POSITIVE_INFINITY

  constructor(engine: Engine, options: { concurrency?: number } = {}) {
    this.#engine = engine
    this.#concurrency = options.concurrency ?? 8
    this.#atOnce = Math.max(1, Math.floor(this.#concurrency / 2))
  }

  get busy(): number {
    return this.#running.size
  }

  kick(): void {
    this.#kicked = true
    this.#wake?.()
  }

  /** Works until aborted, then waits for what is running to stop. */
  async run(signal: AbortSignal): Promise<void> {
    const unsubscribe = this.#engine.bus.subscribe(ring => {
      if (ring.type === 'work') this.kick()
    })
    try {
      while (!signal.aborted) {
        this.#kicked = false
        const { more } = await this.#start(signal).catch((error: unknown) => {
          this.#engine.log.error({ error: String(error) }, 'could not claim work')
          return { more: false }
        })
        if (!more && !this.#kicked) await this.#idle(signal)
      }
    } finally {
      unsubscribe()
      await Promise.allSettled(this.#running.keys())
    }
  }

  /** Works on everything that is due, then returns: what a cron route calls, within its time limit. */
  async drain(signal: AbortSignal): Promise<number> {
    let runs = 0
    while (!signal.aborted) {
      // What ran when we looked may have made something due since.
      const running = [...this.#running.keys()]
      const { started } = await this.#start(signal)
      runs += started
      if (started > 0) continue
      if (running.length === 0) break
      await Promise.race(running)
    }
    await Promise.allSettled(this.#running.keys())
    return runs
  }

  /** Runs one account's due lanes, or waits for this runner's own runs of them. Empty when another process is at it. */
  async runAccount(accountId: string, only: Lane[], signal: AbortSignal): Promise<RunResult[]> {
    const claims = await this.#claim(only.length, { accountId, lanes: only })
    for (const claim of claims) this.#track(claim, this.#work(claim, signal))
    const runs = [...this.#running].filter(
      ([, claim]) => claim.accountId === accountId && only.includes(claim.lane),
    )
    return await Promise.all(runs.map(([run]) => run))
  }

  /** `more`: as many were due as were asked for, so others may be. */
  async #start(signal: AbortSignal): Promise<{ started: number; more: boolean }> {
    const free = this.#concurrency - this.#running.size
    if (free <= 0) {
      await Promise.race([...this.#running.keys(), aborted(signal)])
      return { started: 1, more: true }
    }
    // A few places are kept for what is quick: long listings never hold all of them.
    const all: Lane[] = ['live', 'mutations', 'items', 'listing']
    const allowed = this.#listings < Math.max(1, this.#concurrency - 3) ? all : all.slice(0, 3)
    const limit = Math.min(free, this.#atOnce)
    const claims = await this.#claim(limit, {
      lanes: allowed,
      except: this.#crowded(),
    })
    for (const claim of claims) this.#track(claim, this.#work(claim, signal))
    return { started: claims.length, more: claims.length === limit }
  }

  /**
   * Accounts that hold half of the places. As no more than the other half is claimed at a time, one account, however
   * many folders of it are due, leaves a place to the others.
   */
  #crowded(): string[] {
    const held = new Map<string, number>()
    for (const { accountId } of this.#running.values()) held.set(accountId, (held.get(accountId) ?? 0) + 1)
    return [...held].filter(([, places]) => places >= this.#concurrency - this.#atOnce).map(([id]) => id)
  }

  #claim(limit: number, only: { accountId?: string; lanes: Lane[]; except?: string[] }): Promise<Claim[]> {
    return this.#engine.store.claimDue({ now: this.#engine.world.now(), leaseMs: LEASE_MS, limit, ...only })
  }

  #track(claim: Claim, run: Promise<RunResult>): void {
    this.#running.set(run, claim)
    void run.finally(() => {
      this.#running.delete(run)
      // Also when we are looking at this moment: what the run has left due was perhaps not there yet.
      this.kick()
    })
  }

  async #idle(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const pause = new AbortController()
    const now = this.#engine.world.now()
    const wait = Math.min(IDLE_MS, Math.max(0, this.#againAt - now))
    if (wait < IDLE_MS) this.#againAt = Number.POSITIVE_INFINITY
    const until = AbortSignal.any([signal, pause.signal])
    const slept = this.#engine.world.sleep(wait, until).catch(() => {})
    await Promise.race([promise, slept])
    this.#wake = null
    pause.abort()
  }

  async #work(claim: Claim, outer: AbortSignal): Promise<RunResult> {
    const engine = this.#engine
    if (claim.lane === 'listing') this.#listings += 1
    const limit = claim.lane === 'listing' ? LISTING_LIMIT_MS : RUN_LIMIT_MS
    const lost = new AbortController()
    const signal = AbortSignal.any([outer, lost.signal, AbortSignal.timeout(limit)])
    const stopRenewing = this.#keepLease(claim, lost)
    const work = workOn(engine, claim)
    let end: RunEnd
    try {
      end = await lanes[claim.lane](work, signal)
    } catch (error) {
      await work.conn.refused(error).catch(() => {})
      end = this.#failed(claim, error, outer, lost.signal)
    } finally {
      stopRenewing()
      if (claim.lane === 'listing') this.#listings -= 1
    }
    await this.#finish(claim, end)
    if (end.ok && claim.lane === 'listing') await this.#prove(claim, outer)
    return { claim, end, upserts: work.upserts, deletions: work.deletions }
  }

  #failed(claim: Claim, error: unknown, outer: AbortSignal, lost: AbortSignal): RunEnd {
    const { log, world } = this.#engine
    // We were told to stop: nothing is wrong with the account, somebody takes it up at once.
    if (outer.aborted) return { ok: true, again: { at: world.now() } }
    const end = nextAttempt(
      lost.aborted ? new StaleLease(claim.lease.resourceId) : error,
      claim.attempts,
      world,
    )
    const fields = {
      accountId: claim.accountId,
      lane: claim.lane,
      attempts: claim.attempts + 1,
      error: end.message,
    }
    if (error instanceof ProviderError || end.stale) log.warn(fields, 'sync failed')
    else log.error({ ...fields, stack: error instanceof Error ? error.stack : null }, 'sync failed')
    return end
  }

  async #finish(claim: Claim, end: RunEnd): Promise<void> {
    if (end.ok && end.again) this.#againAt = Math.min(this.#againAt, end.again.at)
    try {
      await announce(this.#engine, await this.#engine.store.finish(claim, end, this.#engine.world.now()))
    } catch (error) {
      // The lease lapses by itself and the run is taken up again.
      this.#engine.log.error({ accountId: claim.accountId, error: String(error) }, 'could not finish a run')
    }
  }

  async #prove(claim: Claim, signal: AbortSignal): Promise<void> {
    try {
      const account = await this.#engine.store.account(claim.accountId)
      // Only once the last of its listings has ended is there something to compare.
      if (account?.resources.some(each => each.lane === 'listing' && each.cursor !== null)) return
      await prove(this.#engine, claim.accountId, signal)
    } catch (error) {
      this.#engine.log.warn({ accountId: claim.accountId, error: String(error) }, 'proof not taken')
    }
  }

  #keepLease(claim: Claim, lost: AbortController): () => void {
    const stop = new AbortController()
    const { store, world } = this.#engine
    const loop = async () => {
      while (!stop.signal.aborted) {
        await world.sleep(RENEW_MS, stop.signal)
        if (!(await store.renewLease(claim.lease, world.now() + LEASE_MS))) return lost.abort()
      }
    }
    loop().catch((error: unknown) => {
      if (!stop.signal.aborted) lost.abort(error)
    })
    return () => stop.abort()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
