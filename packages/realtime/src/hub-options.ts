import type { Bus } from '@inlet/sync/bus-port'
import type { FeedReader } from '@inlet/sync/feed-port'
import type { World } from '@inlet/sync/world'

export interface HubOptions {
  feed: FeedReader
  bus: Bus
  /**
   * Which of these sessions are live. Every session with a stream is asked about every `sessionCheckMs`, all that are
   * due in one question. Throws when it can not tell.
   */
  liveSessions(sessionIds: string[], signal: AbortSignal): Promise<ReadonlySet<string>>
  world?: World
  /** Told of faults that the hub survives. The message names no secret and no row. */
  onTrouble?(what: string, error: unknown): void
  limits?: Partial<HubLimits>
}

export interface HubLimits {
  /** The oldest stream beyond it is closed as superseded. */
  streamsPerUser: number
  /** The longest a stream is kept; each ends somewhere in its last tenth, so that they do not come back together. */
  lifetimeMs: number
  /** Changes in one page. */
  pageLimit: number
  /** Reads of the feed at once, over all users. */
  concurrentReads: number
  readTimeoutMs: number
  /** A stream silent for so long gets a comment. */
  heartbeatMs: number
  /** A reader that has taken nothing for so long while its sink was full is given up. */
  stuckMs: number
  /** How often a session is asked about, and for how long an unanswered one keeps its streams. */
  sessionCheckMs: number
  sessionGraceMs: number
  /** How often the heads are read while the bus is connected: a ring may be lost without anyone noticing. */
  sweepMs: number
  /** What a browser waits before it reconnects by itself (`retry:`), jittered upwards by up to as much again. */
  retryMs: number
  /** How long a closed stream may take to flush before it is torn down. */
  flushMs: number
}

export const defaultLimits: HubLimits = {
  streamsPerUser: 5,
  lifetimeMs: 60 * 60_000,
  pageLimit: 200,
  concurrentReads: 8,
  readTimeoutMs: 10_000,
  heartbeatMs: 15_000,
  stuckMs: 30_000,
  sessionCheckMs: 15_000,
  sessionGraceMs: 30_000,
  sweepMs: 15_000,
  retryMs: 2_000,
  flushMs: 5_000,
}
