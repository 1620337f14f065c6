import type { Clock } from '../../clock.ts'
import type { Faults } from '../../faults.ts'
import type { Collection, Op, Store } from '../../store/store.ts'
import { DEFAULT_HEALTH, EndpointHealth, type EndpointState, type HealthOptions } from './endpoint-health.ts'
import type { Notice, NoticeQueue } from './subscriptions.ts'

export interface NotificationOptions extends Partial<HealthOptions> {
  /** How long notices gather before one POST takes them along. Default 100 ms. */
  gatherMs?: number
  /** First pause after a refusal, doubling up to five minutes. Default 1 s. */
  retryMs?: number
  /** Most items of one POST. Default 100. */
  batchSize?: number
}

interface StoredNotice extends Notice {
  id: string
  /** Epoch ms. */
  at: number
}

interface Waiting {
  notice: StoredNotice
  /** Epoch ms of the sandbox's clock. */
  due: number
  attempts: number
  /** The second sending of a doubled notice. */
  copy: boolean
}

const GIVE_UP_MS = 4 * 3600_000
const MAX_PAUSE_MS = 5 * 60_000
const MAX_WAITING = 20_000
const REORDER_HOLD_MS = 3000
const PARALLEL_POSTS = 4

/** Posts notices until each is answered with 2xx, at least once, for four hours at most. */
export class Notifications implements NoticeQueue {
  readonly statistics = {
    posts: 0,
    items: 0,
    acknowledged: 0,
    refused: 0,
    dropped: 0,
    doubled: 0,
    discarded: 0,
  }
  options: Required<NotificationOptions>
  #store: Store
  #clock: Clock
  #faults: Faults
  #stored: Collection<StoredNotice>
  #waiting = new Map<string, Waiting>()
  #health = new Map<string, EndpointHealth>()
  #posting = new Map<string, number>()
  #gathering = new Map<string, number>()
  #next = 1
  #timer: NodeJS.Timeout | null = null
  #closing = new AbortController()

  constructor(parts: { store: Store; clock: Clock; faults: Faults; options?: NotificationOptions }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#faults = parts.faults
    this.options = { gatherMs: 100, retryMs: 1000, batchSize: 100, ...DEFAULT_HEALTH, ...parts.options }
    this.#stored = this.#store.collection('graph-notices')
    for (const notice of this.#stored.values()) {
      this.#waiting.set(notice.id, { notice, due: this.#clock.now(), attempts: 0, copy: false })
      this.#next = Math.max(this.#next, Number(notice.id) + 1)
    }
  }

  /** How many have not been acknowledged. */
  get waiting(): number {
    return this.#waiting.size
  }

  state(url: string): EndpointState {
    return this.#health.get(url)?.state(this.#clock.now()) ?? 'good'
  }

  /** Registers notices; the ops make them durable in the caller's commit, `pump` then sends them. */
  enqueue(notices: readonly Notice[]): Op[] {
    const now = this.#clock.now()
    return notices.flatMap(added => {
      const notice: StoredNotice = { ...added, id: String(this.#next++), at: now }
      const target = { account: notice.email }
      const state = this.state(notice.url)
      const dropped = !notice.lifecycle && this.#faults.take('push.drop', target)
      if (dropped || state === 'drop' || this.#waiting.size >= MAX_WAITING) {
        this.statistics.dropped++
        return []
      }
      let due = this.#gathered(notice.url, now) + (state === 'slow' ? this.options.stateMs : 0)
      if (!notice.lifecycle) {
        due += this.#faults.take('push.delay', target)?.ms ?? 0
        if (this.#faults.take('push.reorder', target)) due += REORDER_HOLD_MS
        if (this.#faults.take('push.double', target)) {
          this.statistics.doubled++
          this.#waiting.set(`${notice.id}:copy`, {
            notice,
            due: due + this.options.gatherMs,
            attempts: 0,
            copy: true,
          })
        }
      }
      this.#waiting.set(notice.id, { notice, due, attempts: 0, copy: false })
      return [this.#stored.put(notice.id, notice)]
    })
  }

  /** When the post that gathers for an address now goes out. */
  #gathered(url: string, now: number): number {
    const running = this.#gathering.get(url) ?? 0
    const due = running > now ? running : now + this.options.gatherMs
    this.#gathering.set(url, due)
    return due
  }

  /** Sends what is due and sets the alarm for the rest. Call it after a commit, and when the clock was pushed. */
  pump(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#closing.signal.aborted) return
    const now = this.#clock.now()
    const due = Map.groupBy(
      [...this.#waiting.values()].filter(waiting => waiting.due <= now),
      ({ notice }) => notice.url,
    )
    for (const [url, all] of due) {
      for (let at = 0; at < all.length; at += this.options.batchSize) {
        if ((this.#posting.get(url) ?? 0) >= PARALLEL_POSTS) break
        const batch = all.slice(at, at + this.options.batchSize)
        // Under way: not due again before it is answered.
        for (const waiting of batch) waiting.due = Number.POSITIVE_INFINITY
        void this.#deliver(url, batch)
      }
    }
    const dues = [...this.#waiting.values()].map(waiting => waiting.due).filter(Number.isFinite)
    const busy = [...this.#posting.values()].some(count => count >= PARALLEL_POSTS)
    if (dues.length === 0) return
    const wait = Math.max(busy ? 50 : 1, Math.min(...dues) - now)
    this.#timer = setTimeout(() => this.pump(), Math.min(wait, 2 ** 31 - 1))
  }

  /** Forgets everything that waits; the store must have been cleared. */
  forget(): void {
    this.#waiting.clear()
    this.#health.clear()
  }

  close(): void {
    this.#closing.abort()
    if (this.#timer) clearTimeout(this.#timer)
  }

  async #deliver(url: string, batch: readonly Waiting[]): Promise<void> {
    this.#posting.set(url, (this.#posting.get(url) ?? 0) + 1)
    const started = performance.now()
    const answered = await this.#post(url, batch)
    const took = performance.now() - started
    // A late yes counts as none: it comes again.
    const taken = answered && took <= this.options.slowMs
    this.#posting.set(url, (this.#posting.get(url) ?? 1) - 1)
    if (this.#closing.signal.aborted) return
    const now = this.#clock.now()
    const health = this.#health.get(url) ?? new EndpointHealth()
    this.#health.set(url, health)
    health.answered(now, took, this.options)
    const state = health.state(now)
    if (taken) this.statistics.acknowledged += batch.length
    else this.statistics.refused++
    const done = taken
      ? batch
      : batch.filter(({ notice, copy }) => copy || state === 'drop' || now - notice.at > GIVE_UP_MS)
    if (!taken) this.statistics.discarded += done.length
    for (const waiting of done) this.#waiting.delete(keyOf(waiting))
    for (const waiting of batch.filter(waiting => !done.includes(waiting))) {
      const pause = Math.min(MAX_PAUSE_MS, this.options.retryMs * 2 ** Math.min(20, waiting.attempts++))
      waiting.due = now + pause + (state === 'slow' ? this.options.stateMs : 0)
    }
    this.#store.commit(done.flatMap(({ notice, copy }) => (copy ? [] : [this.#stored.del(notice.id)])))
    this.pump()
  }

  async #post(url: string, batch: readonly Waiting[]): Promise<boolean> {
    this.statistics.posts++
    this.statistics.items += batch.length
    const limit = AbortSignal.timeout(this.options.dropMs + 1)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify({ value: batch.map(({ notice }) => notice.payload) }),
        redirect: 'manual',
        signal: AbortSignal.any([limit, this.#closing.signal]),
      })
      await response.body?.cancel()
      return response.ok
    } catch {
      return false
    }
  }
}

function keyOf({ notice, copy }: Waiting): string {
  return copy ? `${notice.id}:copy` : notice.id
}
