import type { Slots } from './connection-slots.ts'
import type { LossReason } from './mirror-state.ts'

/** Where a connection stands; connection-state.ts says how it moves. */
interface Base {
  /** Since when it is in this state (ms since the epoch). */
  since: number
  /** The last token given out. */
  tokens: number
  /** Refills since a stream held: a server that calls every cursor too old must not be asked in a tight loop. */
  resyncs: number
  slots: Slots
}
export type ConnectionState = Base &
  (
    | { name: 'idle' }
    /** Another tab leads. Nothing runs here. */
    | { name: 'follower' }
    /** `attempt`: streams that were lost, or lived too short to count, since one held. */
    | { name: 'connecting'; attempt: number }
    | { name: 'live'; attempt: number; heardAt: number }
    | { name: 'polling'; attempt: number; reason: LossReason; everyMs: number }
    /** The first page of a new mirror is being fetched: there is no cursor to follow from. */
    | { name: 'resyncing'; attempt: number }
    /** The browser says so. A slow probe runs on, because it is not always right. */
    | { name: 'offline'; needsRefill: boolean }
    /** The server closed this stream for a newer one: polls, and takes a stream again when looked at. */
    | { name: 'superseded' }
    | { name: 'signed_out' }
  )
export type StateName = ConnectionState['name']
export type StateOf<N extends StateName> = Extract<ConnectionState, { name: N }>

export interface Input {
  now: number
  /** Uniform in [0, 1). */
  random: number
}

export const initialConnection: ConnectionState = {
  name: 'idle',
  since: 0,
  tokens: 0,
  resyncs: 0,
  slots: {},
}
