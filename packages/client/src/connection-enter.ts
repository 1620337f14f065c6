import { HEARTBEAT_MS } from '@inlet/protocol/stream-events'
import { backoff, RETRY } from './backoff.ts'
import type { Job } from './connection-events.ts'
import { hurried, type Slot, type Slots, waitUntil } from './connection-slots.ts'
import type { ConnectionState, Input, StateOf } from './connection-types.ts'
import type { LossReason } from './mirror-state.ts'
import { POLL_MAX_MS, POLL_MIN_MS, pollWait } from './poll-pace.ts'

/** How each state of the connection machine is entered: which jobs it starts with, and when. */

/** A stream that held this long clears the count of failed attempts; a shorter one is a flap and keeps backing off. */
const STABLE_AFTER_MS = 10_000
/** Two heartbeats missed when the tab is looked at again: the stream died while the machine slept. */
export const WAKE_SILENCE_MS = 2 * HEARTBEAT_MS
export const PROBE_MS = 60_000
/** However impatient a person is. */
const POLL_SPACING_MS = 1_000

const enter = (from: ConnectionState, { now }: Input) => ({
  since: now,
  tokens: from.tokens,
  resyncs: from.resyncs,
})

/** Runs a job: a new token, and the slot that holds it. */
function run(from: { tokens: number }): { tokens: number; slot: Slot } {
  const token = from.tokens + 1
  return { tokens: token, slot: { token } }
}

export function started<S extends ConnectionState>(state: S, job: Job): S {
  const { tokens, slot } = run(state)
  return { ...state, tokens, slots: { ...state.slots, [job]: slot } }
}

export function follow(from: ConnectionState, input: Input): ConnectionState {
  return { ...enter(from, input), name: 'follower', slots: {} }
}

export function signOut(from: ConnectionState, input: Input): ConnectionState {
  return { ...enter(from, input), name: 'signed_out', slots: {} }
}

export function connect(from: ConnectionState, attempt: number, input: Input): ConnectionState {
  return started({ ...enter(from, input), name: 'connecting', attempt, slots: {} }, 'stream')
}

export function connectAt(
  from: ConnectionState,
  attempt: number,
  due: number,
  input: Input,
): ConnectionState {
  return { ...enter(from, input), name: 'connecting', attempt, slots: { stream: waitUntil(due, due) } }
}

export function resync(from: ConnectionState, input: Input): ConnectionState {
  const state: ConnectionState = { ...enter(from, input), name: 'resyncing', attempt: 0, slots: {} }
  state.resyncs++
  if (from.resyncs === 0) return started(state, 'refill')
  const due = input.now + backoff(RETRY, from.resyncs, input.random)
  return { ...state, slots: { refill: waitUntil(due, due) } }
}

export function goOffline(from: ConnectionState, needsRefill: boolean, input: Input): ConnectionState {
  const probe = waitUntil(input.now + pollWait(PROBE_MS, input.random))
  const slots: Slots = needsRefill ? { refill: probe } : { poll: probe }
  return { ...enter(from, input), name: 'offline', needsRefill, slots }
}

export function live(from: ConnectionState & { attempt: number }, input: Input): ConnectionState {
  const { stream } = from.slots
  if (!stream) return from
  return { ...enter(from, input), name: 'live', attempt: from.attempt, heardAt: input.now, slots: { stream } }
}

/** Falls back. The first poll comes within a second: what the stream missed is fetched now, not at leisure. */
export function poll(
  from: ConnectionState,
  attempt: number,
  { reason, retryAfterMs }: { reason: LossReason; retryAfterMs: number | null },
  input: Input,
): ConnectionState {
  const notBefore = input.now + (retryAfterMs ?? 0)
  return {
    ...enter(from, input),
    name: 'polling',
    attempt,
    reason,
    everyMs: POLL_MIN_MS,
    slots: {
      stream: waitUntil(input.now + backoff(RETRY, attempt, input.random, retryAfterMs), notBefore),
      poll: waitUntil(input.now + Math.round(input.random * POLL_SPACING_MS), notBefore),
    },
  }
}

export function supersede(from: ConnectionState, input: Input): ConnectionState {
  const next = waitUntil(input.now + pollWait(POLL_MAX_MS, input.random))
  return { ...enter(from, input), name: 'superseded', slots: { poll: next } }
}

export function paused(everyMs: number, retryAfterMs: number | null, { now, random }: Input): Slot {
  const wait = pollWait(everyMs, random, retryAfterMs)
  return waitUntil(now + wait, now + Math.max(POLL_SPACING_MS, retryAfterMs ?? 0))
}

/** Everything that waits, now. */
export function hurry<S extends ConnectionState>(state: S, now: number): S {
  const { stream, poll, refill } = state.slots
  return {
    ...state,
    slots: {
      ...(stream && { stream: hurried(stream, now) }),
      ...(poll && { poll: hurried(poll, now) }),
      ...(refill && { refill: hurried(refill, now) }),
    },
  }
}

export const heldLong = (state: StateOf<'live'>, now: number) => now - state.since >= STABLE_AFTER_MS
