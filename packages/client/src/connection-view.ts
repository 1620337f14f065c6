import { dueOf } from './connection-slots.ts'
import type { ConnectionState, StateName } from './connection-types.ts'
import type { MirrorPhase, MirrorState } from './mirror-state.ts'

const phases: Record<StateName, MirrorPhase> = {
  idle: 'starting',
  follower: 'starting',
  connecting: 'connecting',
  live: 'live',
  polling: 'polling',
  resyncing: 'resyncing',
  offline: 'offline',
  superseded: 'superseded',
  signed_out: 'signed_out',
}

type ConnectionView = Pick<
  MirrorState,
  'phase' | 'since' | 'reason' | 'attempt' | 'nextAttemptAt' | 'pollEveryMs' | 'nextPollAt'
>

/** The part of the public state that the machine knows. */
export function viewOf(state: ConnectionState): ConnectionView {
  const { stream, poll, refill } = state.slots
  return {
    phase: phases[state.name],
    since: state.since,
    reason: state.name === 'polling' ? state.reason : null,
    attempt: 'attempt' in state ? state.attempt : 0,
    nextAttemptAt: dueOf(stream) ?? dueOf(refill),
    pollEveryMs: state.name === 'polling' ? Math.round(state.everyMs) : null,
    nextPollAt: dueOf(poll),
  }
}
