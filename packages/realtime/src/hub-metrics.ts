import { type CloseReason, closeReasons } from './close-reason.ts'

/** Plain numbers since the start of the process, except where it says "now". */
export interface HubMetrics {
  /** Open streams now. */
  connections: number
  /** Users with an open stream now. */
  users: number
  /** Streams now that do not have everything this process knows of: catching up, or slow. */
  behind: number
  opened: number
  /** Reads of the feed; one serves all level streams of a user. */
  pulls: number
  pullErrors: number
  /** Reads of many users' heads, by a fallback or a sweep. */
  headPolls: number
  headPollErrors: number
  /** Bytes and frames handed to sinks, heartbeats included. */
  bytes: number
  frames: number
  ringsReceived: number
  /** Questions to the session store; one asks about many sessions. */
  sessionChecks: number
  sessionCheckErrors: number
  /** Now: the bus is down and the heads are polled instead. */
  pollingHeads: boolean
  closed: Record<CloseReason, number>
}

/** What is counted as it happens; the rest is read off the hub when asked for. */
export type HubCounters = Omit<HubMetrics, 'connections' | 'users' | 'behind' | 'pollingHeads'>

export function newCounters(): HubCounters {
  return {
    opened: 0,
    pulls: 0,
    pullErrors: 0,
    headPolls: 0,
    headPollErrors: 0,
    bytes: 0,
    frames: 0,
    ringsReceived: 0,
    sessionChecks: 0,
    sessionCheckErrors: 0,
    closed: Object.fromEntries(closeReasons.map(reason => [reason, 0])) as Record<CloseReason, number>,
  }
}
