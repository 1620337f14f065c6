import type { Seq } from '@inlet/protocol/seq'

/** What a person is told about the connection. A follower tab shows its leader's. */
export type MirrorPhase =
  | 'starting'
  | 'connecting'
  | 'live'
  | 'polling'
  | 'resyncing'
  | 'offline'
  | 'superseded'
  | 'signed_out'

/** Why the stream is not there. The interface has a sentence for each. */
export type LossReason =
  | 'ended'
  | 'network'
  | 'silent'
  | 'rate_limited'
  | 'server_error'
  | 'refused'
  | 'malformed'
  | 'timeout'
  | 'storage'

export interface FillProgress {
  /** Messages stored by the fill so far. */
  done: number
  /** How many it will be, null while unknown. */
  total: number | null
  running: boolean
  /** It stopped at the mirror's limit: older mail is fetched when scrolled to. */
  limited: boolean
}

export interface MirrorState {
  phase: MirrorPhase
  /** Since when the phase holds (ms since the epoch). */
  since: number
  /** Set while polling: why there is no stream. */
  reason: LossReason | null
  /** How many times the stream was tried since it was lost. */
  attempt: number
  /** When the stream (or, resyncing, the refill) is tried again. */
  nextAttemptAt: number | null
  /** While polling: the present pace. */
  pollEveryMs: number | null
  nextPollAt: number | null
  /** When the server last said anything, heartbeats included. */
  lastEventAt: number | null
  /** The last seq of the feed that the server told of, and the one applied here. Equal when nothing is missing. */
  head: Seq
  cursor: Seq | null
  fill: FillProgress
  /** This tab holds the stream (or polls) for all tabs. */
  leader: boolean
}

export const initialMirrorState: MirrorState = {
  phase: 'starting',
  since: 0,
  reason: null,
  attempt: 0,
  nextAttemptAt: null,
  pollEveryMs: null,
  nextPollAt: null,
  lastEventAt: null,
  head: 0,
  cursor: null,
  fill: { done: 0, total: null, running: false, limited: false },
  leader: false,
}
