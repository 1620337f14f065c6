import type { World } from '@inlet/sync/world'
import { withDeadline } from './deadline.ts'
import type { HubCounters } from './hub-metrics.ts'

/** Sessions in one question to the session store. */
const BATCH = 1_000

export interface SessionWatchOptions {
  /** Which of these sessions are live. Throws when it can not tell. */
  liveSessions(sessionIds: string[], signal: AbortSignal): Promise<ReadonlySet<string>>
  world: World
  counters: HubCounters
  timeoutMs: number
  onTrouble(what: string, error: unknown): void
}

/** What the session store said of the sessions it was asked about, and when it was asked. */
export type SessionAnswer = { asked: ReadonlySet<string>; live: ReadonlySet<string>; askedAt: number }

/** Asks whether sessions are still live: many in one question, one question at a time. */
export class SessionWatch {
  readonly #options: SessionWatchOptions
  #asking = false

  constructor(options: SessionWatchOptions) {
    this.#options = options
  }

  get asking(): boolean {
    return this.#asking
  }

  /** Calls `heard` for each question that was answered. One round at a time: a call during a round does nothing. */
  async ask(
    sessionIds: string[],
    signal: AbortSignal,
    heard: (answer: SessionAnswer) => void,
  ): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    const { liveSessions, world, counters, timeoutMs, onTrouble } = this.#options
    try {
      for (let i = 0; i < sessionIds.length && !signal.aborted; i += BATCH) {
        const batch = sessionIds.slice(i, i + BATCH)
        const askedAt = world.now()
        counters.sessionChecks++
        const read = (s: AbortSignal) => liveSessions(batch, s)
        const live = await withDeadline(world, timeoutMs, 'Asking about sessions', read, signal)
        heard({ asked: new Set(batch), live, askedAt })
      }
    } catch (error) {
      if (signal.aborted) return
      counters.sessionCheckErrors++
      onTrouble('Asking about sessions', error)
    } finally {
      this.#asking = false
    }
  }
}
