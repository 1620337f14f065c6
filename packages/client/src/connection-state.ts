import { backoff, RETRY } from './backoff.ts'
import {
  connect,
  connectAt,
  follow,
  goOffline,
  heldLong,
  hurry,
  live,
  PROBE_MS,
  paused,
  poll,
  resync,
  signOut,
  started,
  supersede,
  WAKE_SILENCE_MS,
} from './connection-enter.ts'
import {
  type ConnectionEvent,
  type Effect,
  type EventOf,
  type EventType,
  jobOf,
} from './connection-events.ts'
import { effectsBetween, isRunning, waitUntil } from './connection-slots.ts'
import type { ConnectionState, Input, StateName, StateOf } from './connection-types.ts'
import { nextPace, POLL_MAX_MS } from './poll-pace.ts'

interface Step {
  state: ConnectionState
  effects: Effect[]
  /** ignored: means nothing in this state. stale: from a run that is over. */
  outcome: 'accepted' | 'ignored' | 'stale'
}

/**
 * The connection of one tab, as a machine without I/O: time and randomness come in with each event, what is to
 * be done goes out as effects. The state's slots say which jobs run or wait; effects are the difference of the
 * slots before and after, so a state cannot forget to close what the last one opened.
 *
 * idle → follower → (leads) resyncing → connecting → live ⇄ polling, and from anywhere offline, superseded, signed_out.
 */
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
