import type { LossReason } from './mirror-state.ts'

/** Work with an end of its own that the machine starts and stops; each run has a token. */
export type Job = 'stream' | 'poll' | 'refill'

/**
 * What the machine is told. Events of a job carry the token of the run they come from: a late finisher whose
 * run was stopped or replaced is stale and changes nothing.
 */
export type ConnectionEvent =
  | { type: 'started' }
  | { type: 'leader_gained'; hasCursor: boolean; online: boolean }
  | { type: 'leader_lost' }
  | { type: 'stream_due' }
  | { type: 'poll_due' }
  | { type: 'refill_due' }
  | { type: 'stream_opened'; token: number }
  | { type: 'stream_heard'; token: number }
  | { type: 'stream_lost'; token: number; reason: LossReason; retryAfterMs: number | null }
  | { type: 'stream_reconnect'; token: number; afterMs: number }
  | { type: 'stream_superseded'; token: number }
  | { type: 'stream_too_old'; token: number }
  | { type: 'poll_ok'; token: number; changed: boolean }
  | { type: 'poll_failed'; token: number; retryAfterMs: number | null }
  | { type: 'poll_too_old'; token: number }
  | { type: 'refill_ok'; token: number }
  | { type: 'refill_failed'; token: number; retryAfterMs: number | null }
  | { type: 'online' }
  | { type: 'offline' }
  /** The tab is looked at again, or the machine woke up. */
  | { type: 'visible' }
  /** A person does not want to wait. */
  | { type: 'hurry' }
  | { type: 'signed_out' }

export type EventType = ConnectionEvent['type']
export type EventOf<T extends EventType> = Extract<ConnectionEvent, { type: T }>

/** What the machine asks for. `wait` replaces an earlier wait of the same job; at its time comes `<job>_due`. */
export type Effect =
  | { type: 'start'; job: Job; token: number }
  | { type: 'stop'; job: Job; token: number }
  | { type: 'wait'; job: Job; at: number }
  | { type: 'forget'; job: Job }

/** The job an event comes from, for those that carry a token. */
export function jobOf(event: ConnectionEvent): Job | null {
  if (!('token' in event)) return null
  return event.type.slice(0, event.type.indexOf('_')) as Job
}
