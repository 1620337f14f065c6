import { HEARTBEAT_MS } from '@inlet/protocol/stream-events'
import { backoff, RETRY } from './backoff.ts'
import {
  type ConnectionEvent,
  type Effect,
  type EventOf,
  type EventType,
  type Job,
  jobOf,
} from './connection-events.ts'
import { effectsBetween, hurried, isRunning, type Slot, type Slots, waitUntil } from './connection-slots.ts'
import type { LossReason } from './mirror-state.ts'
import { nextPace, POLL_MAX_MS, POLL_MIN_MS, pollWait } from './poll-pace.ts'

/**
 * The connection of one tab, as a machine without I/O: time and randomness come in with each event, what is to
 * be done goes out as effects. The state's slots say which jobs run or wait; effects are the difference of the
 * slots before and after, so a state cannot forget to close what the last one opened.
 *
 * idle → follower → (leads) resyncing → connecting → live ⇄ polling, and from anywhere offline, superseded, signed_out.
 */
interface Base {
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

export interface Step {
  state: ConnectionState
  effects: Effect[]
  /** ignored: means nothing in this state. stale: from a run that is over. */
  outcome: 'accepted' | 'ignored' | 'stale'
}

/** A stream that held this long clears the count of failed attempts; a shorter one is a flap and keeps backing off. */
export const STABLE_AFTER_MS = 10_000
/** Two heartbeats missed when the tab is looked at again: the stream died while the machine slept. */
export const WAKE_SILENCE_MS = 2 * HEARTBEAT_MS
export const PROBE_MS = 60_000
/** However impatient a person is. */
export const POLL_SPACING_MS = 1_000

export const initialConnection: ConnectionState = {
  name: 'idle',
  since: 0,
  tokens: 0,
  resyncs: 0,
  slots: {},
}

export function step(state: ConnectionState, event: ConnectionEvent, input: Input): Step {
  const job = jobOf(event)
  if (job && 'token' in event && !isRunning(state.slots[job], event.token))
    return { state, effects: [], outcome: 'stale' }
  const next = transition(state, event, input)
  if (next === null) return { state, effects: [], outcome: 'ignored' }
  return { state: next, effects: effectsBetween(state.slots, next.slots), outcome: 'accepted' }
}

type Next = ConnectionState | null
type Handlers<N extends StateName> = {
  [T in EventType]?: (state: StateOf<N>, event: EventOf<T>, input: Input) => Next
}

function transition(state: ConnectionState, event: ConnectionEvent, input: Input): Next {
  // The table has, for each name, handlers of that name's state: the pair always fits, which types cannot say.
  const handlers = table[state.name] as Handlers<StateName>
  const handler = handlers[event.type] as
    | ((state: ConnectionState, event: ConnectionEvent, input: Input) => Next)
    | undefined
  return handler?.(state, event, input) ?? null
}

// ---- making states

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

function started<S extends ConnectionState>(state: S, job: Job): S {
  const { tokens, slot } = run(state)
  return { ...state, tokens, slots: { ...state.slots, [job]: slot } }
}

function follow(from: ConnectionState, input: Input): ConnectionState {
  return { ...enter(from, input), name: 'follower', slots: {} }
}

function signOut(from: ConnectionState, input: Input): ConnectionState {
  return { ...enter(from, input), name: 'signed_out', slots: {} }
}

function connect(from: ConnectionState, attempt: number, input: Input): ConnectionState {
  return started({ ...enter(from, input), name: 'connecting', attempt, slots: {} }, 'stream')
}

function connectAt(from: ConnectionState, attempt: number, due: number, input: Input): ConnectionState {
  return { ...enter(from, input), name: 'connecting', attempt, slots: { stream: waitUntil(due, due) } }
}

function resync(from: ConnectionState, input: Input): ConnectionState {
  const state: ConnectionState = { ...enter(from, input), name: 'resyncing', attempt: 0, slots: {} }
  state.resyncs++
  if (from.resyncs === 0) return started(state, 'refill')
  const due = input.now + backoff(RETRY, from.resyncs, input.random)
  return { ...state, slots: { refill: waitUntil(due, due) } }
}

function goOffline(from: ConnectionState, needsRefill: boolean, input: Input): ConnectionState {
  const probe = waitUntil(input.now + pollWait(PROBE_MS, input.random))
  const slots: Slots = needsRefill ? { refill: probe } : { poll: probe }
  return { ...enter(from, input), name: 'offline', needsRefill, slots }
}

function live(from: ConnectionState & { attempt: number }, input: Input): ConnectionState {
  const { stream } = from.slots
  if (!stream) return from
  return { ...enter(from, input), name: 'live', attempt: from.attempt, heardAt: input.now, slots: { stream } }
}

/** Falls back. The first poll comes within a second: what the stream missed is fetched now, not at leisure. */
function poll(
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

function supersede(from: ConnectionState, input: Input): ConnectionState {
  const next = waitUntil(input.now + pollWait(POLL_MAX_MS, input.random))
  return { ...enter(from, input), name: 'superseded', slots: { poll: next } }
}

function paused(everyMs: number, retryAfterMs: number | null, { now, random }: Input): Slot {
  const wait = pollWait(everyMs, random, retryAfterMs)
  return waitUntil(now + wait, now + Math.max(POLL_SPACING_MS, retryAfterMs ?? 0))
}

/** Everything that waits, now. */
function hurry<S extends ConnectionState>(state: S, now: number): S {
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

const heldLong = (state: StateOf<'live'>, now: number) => now - state.since >= STABLE_AFTER_MS

// ---- what each state does with each event; what is not here is ignored

/** Common to every state that leads. */
const leading = {
  leader_lost: (s: ConnectionState, _: unknown, input: Input) => follow(s, input),
  signed_out: (s: ConnectionState, _: unknown, input: Input) => signOut(s, input),
  offline: (s: ConnectionState, _: unknown, input: Input) => goOffline(s, false, input),
  stream_too_old: (s: ConnectionState, _: unknown, input: Input) => resync(s, input),
  poll_too_old: (s: ConnectionState, _: unknown, input: Input) => resync(s, input),
  stream_superseded: (s: ConnectionState, _: unknown, input: Input) => supersede(s, input),
}

const hurrying = {
  online: (s: ConnectionState, _: unknown, { now }: Input) => hurry(s, now),
  visible: (s: ConnectionState, _: unknown, { now }: Input) => hurry(s, now),
  hurry: (s: ConnectionState, _: unknown, { now }: Input) => hurry(s, now),
}

const table: { [N in StateName]: Handlers<N> } = {
  idle: {
    started: (s, _, input) => follow(s, input),
    signed_out: (s, _, input) => signOut(s, input),
  },
  follower: {
    leader_gained(s, { hasCursor, online }, input) {
      if (!online) return goOffline(s, !hasCursor, input)
      return hasCursor ? connect(s, 0, input) : resync(s, input)
    },
    signed_out: (s, _, input) => signOut(s, input),
  },
  connecting: {
    ...leading,
    ...hurrying,
    stream_due: s => started(s, 'stream'),
    stream_opened: (s, _, input) => live(s, input),
    stream_lost: (s, loss, input) => poll(s, s.attempt, loss, input),
    stream_reconnect: (s, { afterMs }, input) =>
      connectAt(s, s.attempt + 1, input.now + backoff(RETRY, s.attempt, input.random, afterMs), input),
  },
  live: {
    ...leading,
    stream_heard: (s, _, { now }) => ({ ...s, heardAt: now, resyncs: heldLong(s, now) ? 0 : s.resyncs }),
    stream_lost: (s, loss, input) => poll(s, heldLong(s, input.now) ? 0 : s.attempt + 1, loss, input),
    stream_reconnect(s, { afterMs }, input) {
      if (heldLong(s, input.now)) return connectAt(s, 0, input.now + afterMs, input)
      const wait = backoff(RETRY, s.attempt, input.random, afterMs)
      return connectAt(s, s.attempt + 1, input.now + wait, input)
    },
    visible: (s, _, input) =>
      input.now - s.heardAt >= WAKE_SILENCE_MS ? connect(s, s.attempt, input) : null,
    online: (s, _, input) => (input.now - s.heardAt >= WAKE_SILENCE_MS ? connect(s, s.attempt, input) : null),
  },
  polling: {
    ...leading,
    ...hurrying,
    stream_due: s => started(s, 'stream'),
    stream_opened: (s, _, input) => live(s, input),
    stream_lost(s, { reason, retryAfterMs }, { now, random }) {
      const attempt = s.attempt + 1
      const due = now + backoff(RETRY, attempt, random, retryAfterMs)
      const stream = waitUntil(due, now + (retryAfterMs ?? 0))
      return { ...s, attempt, reason, slots: { ...s.slots, stream } }
    },
    stream_reconnect(s, { afterMs }, { now, random }) {
      const attempt = s.attempt + 1
      const stream = waitUntil(now + backoff(RETRY, attempt, random, afterMs))
      return { ...s, attempt, slots: { ...s.slots, stream } }
    },
    poll_due: s => started(s, 'poll'),
    poll_ok(s, { changed }, input) {
      const everyMs = nextPace(s.everyMs, changed ? 'changed' : 'quiet')
      return { ...s, everyMs, slots: { ...s.slots, poll: paused(everyMs, null, input) } }
    },
    poll_failed(s, { retryAfterMs }, input) {
      const everyMs = nextPace(s.everyMs, 'failed')
      return { ...s, everyMs, slots: { ...s.slots, poll: paused(everyMs, retryAfterMs, input) } }
    },
  },
  resyncing: {
    ...leading,
    ...hurrying,
    offline: (s, _, input) => goOffline(s, true, input),
    refill_due: s => started(s, 'refill'),
    refill_ok: (s, _, input) => connect(s, 0, input),
    refill_failed(s, { retryAfterMs }, { now, random }) {
      const due = now + backoff(RETRY, s.attempt, random, retryAfterMs)
      return { ...s, attempt: s.attempt + 1, slots: { refill: waitUntil(due, now + (retryAfterMs ?? 0)) } }
    },
  },
  offline: {
    leader_lost: leading.leader_lost,
    signed_out: leading.signed_out,
    poll_too_old: leading.poll_too_old,
    visible: hurrying.visible,
    hurry: hurrying.hurry,
    online: (s, _, input) => (s.needsRefill ? resync(s, input) : connect(s, 0, input)),
    poll_due: s => started(s, 'poll'),
    refill_due: s => started(s, 'refill'),
    // An answer is better evidence of a network than the browser's flag.
    poll_ok: (s, _, input) => connect(s, 0, input),
    refill_ok: (s, _, input) => connect(s, 0, input),
    poll_failed: (s, { retryAfterMs }, input) => ({
      ...s,
      slots: { poll: paused(PROBE_MS, retryAfterMs, input) },
    }),
    refill_failed: (s, { retryAfterMs }, input) => ({
      ...s,
      slots: { refill: paused(PROBE_MS, retryAfterMs, input) },
    }),
  },
  superseded: {
    ...leading,
    visible: (s, _, input) => connect(s, 0, input),
    hurry: (s, _, input) => connect(s, 0, input),
    poll_due: s => started(s, 'poll'),
    poll_ok: (s, _, input) => ({ ...s, slots: { poll: paused(POLL_MAX_MS, null, input) } }),
    poll_failed: (s, { retryAfterMs }, input) => ({
      ...s,
      slots: { poll: paused(POLL_MAX_MS, retryAfterMs, input) },
    }),
  },
  signed_out: {},
}
