import type { World } from '@inlet/sync/world'
import { withDeadline } from './deadline.ts'
import { Gate } from './gate.ts'
import type { HubCounters } from './hub-metrics.ts'

export interface SessionWatchOptions {
  /** Asks the session store. Throws when it can not tell. */
  isSessionLive(sessionId: string, signal: AbortSignal): Promise<boolean>
  world: World
  counters: HubCounters
  timeoutMs: number
  concurrency: number
}

/** Asks whether sessions are still live: each once at a time, only so many at once. */
export class SessionWatch {
  readonly #options: SessionWatchOptions
  readonly #gate: Gate
  readonly #asking = new Set<string>()

  constructor(options: SessionWatchOptions) {
    this.#options = options
    this.#gate = new Gate(options.concurrency)
  }

  /** `answer` is called once, unless this session is being asked about already or the signal aborts. */
  ask(
    sessionId: string,
    signal: AbortSignal,
    answer: (live: boolean | 'unknown', askedAt: number) => void,
  ): void {
    if (this.#asking.has(sessionId)) return
    this.#asking.add(sessionId)
    void this.#gate
      .run(async () => {
        if (signal.aborted) return
        const { isSessionLive, world, counters, timeoutMs } = this.#options
        const askedAt = world.now()
        counters.sessionChecks++
        let live: boolean | 'unknown'
        try {
          live = await withDeadline(
            world,
            timeoutMs,
            'Checking a session',
            s => isSessionLive(sessionId, s),
            signal,
          )
        } catch {
          if (signal.aborted) return
          counters.sessionCheckErrors++
          live = 'unknown'
        }
        answer(live, askedAt)
      })
      .finally(() => this.#asking.delete(sessionId))
  }
}
