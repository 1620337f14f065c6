import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PROBE_MS } from '../src/connection-enter.ts'
import type { ConnectionEvent, Effect, EventType, Job } from '../src/connection-events.ts'
import { step } from '../src/connection-state.ts'
import { type ConnectionState, initialConnection, type StateName } from '../src/connection-types.ts'
import { viewOf } from '../src/connection-view.ts'

const NOW = 1_000_000
const input = { now: NOW, random: 0.5 }
const token = 7
const base = { since: NOW - 60_000, tokens: token, resyncs: 0 }
const running = { token }

/** One representative of each state, with a running job of each kind that it can have. */
const examples: Record<StateName, ConnectionState> = {
  idle: initialConnection,
  follower: { ...base, name: 'follower', slots: {} },
  connecting: { ...base, name: 'connecting', attempt: 2, slots: { stream: running } },
  live: { ...base, name: 'live', attempt: 2, heardAt: NOW - 1_000, slots: { stream: running } },
  polling: {
    ...base,
    name: 'polling',
    attempt: 2,
    reason: 'network',
    everyMs: 4_000,
    slots: { stream: running, poll: running },
  },
  resyncing: { ...base, name: 'resyncing', attempt: 2, slots: { refill: running } },
  offline: { ...base, name: 'offline', needsRefill: false, slots: { poll: running } },
  superseded: { ...base, name: 'superseded', slots: { poll: running } },
  signed_out: { ...base, name: 'signed_out', slots: {} },
}

const events: { [T in EventType]: Extract<ConnectionEvent, { type: T }> } = {
  started: { type: 'started' },
  leader_gained: { type: 'leader_gained', hasCursor: true, online: true },
  leader_lost: { type: 'leader_lost' },
  stream_due: { type: 'stream_due' },
  poll_due: { type: 'poll_due' },
  refill_due: { type: 'refill_due' },
  stream_opened: { type: 'stream_opened', token },
  stream_heard: { type: 'stream_heard', token },
  stream_lost: { type: 'stream_lost', token, reason: 'network', retryAfterMs: null },
  stream_reconnect: { type: 'stream_reconnect', token, afterMs: 2_000 },
  stream_superseded: { type: 'stream_superseded', token },
  stream_too_old: { type: 'stream_too_old', token },
  poll_ok: { type: 'poll_ok', token, changed: false },
  poll_failed: { type: 'poll_failed', token, retryAfterMs: null },
  poll_too_old: { type: 'poll_too_old', token },
  refill_ok: { type: 'refill_ok', token },
  refill_failed: { type: 'refill_failed', token, retryAfterMs: null },
  online: { type: 'online' },
  offline: { type: 'offline' },
  visible: { type: 'visible' },
  hurry: { type: 'hurry' },
  signed_out: { type: 'signed_out' },
}

type Outcome = StateName | 'ignored' | 'stale'

const never: Record<EventType, Outcome> = {
  started: 'ignored',
  leader_gained: 'ignored',
  leader_lost: 'ignored',
  stream_due: 'ignored',
  poll_due: 'ignored',
  refill_due: 'ignored',
  stream_opened: 'stale',
  stream_heard: 'stale',
  stream_lost: 'stale',
  stream_reconnect: 'stale',
  stream_superseded: 'stale',
  stream_too_old: 'stale',
  poll_ok: 'stale',
  poll_failed: 'stale',
  poll_too_old: 'stale',
  refill_ok: 'stale',
  refill_failed: 'stale',
  online: 'ignored',
  offline: 'ignored',
  visible: 'ignored',
  hurry: 'ignored',
  signed_out: 'ignored',
}

/** Every state with every event: a new one of either does not compile until its row or column is here. */
const transitions: Record<StateName, Record<EventType, Outcome>> = {
  idle: { ...never, started: 'follower', signed_out: 'signed_out' },
  follower: { ...never, leader_gained: 'connecting', signed_out: 'signed_out' },
  connecting: {
    started: 'ignored',
    leader_gained: 'ignored',
    leader_lost: 'follower',
    stream_due: 'connecting',
    poll_due: 'ignored',
    refill_due: 'ignored',
    stream_opened: 'live',
    stream_heard: 'ignored',
    stream_lost: 'polling',
    stream_reconnect: 'connecting',
    stream_superseded: 'superseded',
    stream_too_old: 'resyncing',
    poll_ok: 'stale',
    poll_failed: 'stale',
    poll_too_old: 'stale',
    refill_ok: 'stale',
    refill_failed: 'stale',
    online: 'connecting',
    offline: 'offline',
    visible: 'connecting',
    hurry: 'connecting',
    signed_out: 'signed_out',
  },
  live: {
    started: 'ignored',
    leader_gained: 'ignored',
    leader_lost: 'follower',
    stream_due: 'ignored',
    poll_due: 'ignored',
    refill_due: 'ignored',
    stream_opened: 'ignored',
    stream_heard: 'live',
    stream_lost: 'polling',
    stream_reconnect: 'connecting',
    stream_superseded: 'superseded',
    stream_too_old: 'resyncing',
    poll_ok: 'stale',
    poll_failed: 'stale',
    poll_too_old: 'stale',
    refill_ok: 'stale',
    refill_failed: 'stale',
    online: 'ignored',
    offline: 'offline',
    visible: 'ignored',
    hurry: 'ignored',
    signed_out: 'signed_out',
  },
  polling: {
    started: 'ignored',
    leader_gained: 'ignored',
    leader_lost: 'follower',
    stream_due: 'polling',
    poll_due: 'polling',
    refill_due: 'ignored',
    stream_opened: 'live',
    stream_heard: 'ignored',
    stream_lost: 'polling',
    stream_reconnect: 'polling',
    stream_superseded: 'superseded',
    stream_too_old: 'resyncing',
    poll_ok: 'polling',
    poll_failed: 'polling',
    poll_too_old: 'resyncing',
    refill_ok: 'stale',
    refill_failed: 'stale',
    online: 'polling',
    offline: 'offline',
    visible: 'polling',
    hurry: 'polling',
    signed_out: 'signed_out',
  },
  resyncing: {
    ...never,
    leader_lost: 'follower',
    refill_due: 'resyncing',
    refill_ok: 'connecting',
    refill_failed: 'resyncing',
    online: 'resyncing',
    offline: 'offline',
    visible: 'resyncing',
    hurry: 'resyncing',
    signed_out: 'signed_out',
  },
  offline: {
    ...never,
    leader_lost: 'follower',
    poll_due: 'offline',
    refill_due: 'offline',
    poll_ok: 'connecting',
    poll_failed: 'offline',
    poll_too_old: 'resyncing',
    online: 'connecting',
    visible: 'offline',
    hurry: 'offline',
    signed_out: 'signed_out',
  },
  superseded: {
    ...never,
    leader_lost: 'follower',
    poll_due: 'superseded',
    poll_ok: 'superseded',
    poll_failed: 'superseded',
    poll_too_old: 'resyncing',
    offline: 'offline',
    visible: 'connecting',
    hurry: 'connecting',
    signed_out: 'signed_out',
  },
  signed_out: never,
}

describe('the connection machine', () => {
  for (const [name, row] of Object.entries(transitions) as [StateName, Record<EventType, Outcome>][])
    for (const [type, expected] of Object.entries(row) as [EventType, Outcome][])
      it(`${name}, on ${type}: ${expected}`, () => {
        const result = step(examples[name], events[type], input)
        expect(result.outcome === 'accepted' ? result.state.name : result.outcome).toBe(expected)
        if (result.outcome !== 'accepted') expect(result.state).toBe(examples[name])
      })

  it('begins with a refill when there is no cursor, and offline when there is no network', () => {
    const gained = (hasCursor: boolean, online: boolean) =>
      step(examples.follower, { type: 'leader_gained', hasCursor, online }, input).state.name
    expect(gained(false, true)).toBe('resyncing')
    expect(gained(true, false)).toBe('offline')
    expect(gained(false, false)).toBe('offline')
  })

  it('opens a new stream when it wakes to one that missed two heartbeats', () => {
    const heardAgo = (ms: number) => ({ ...examples.live, heardAt: NOW - ms }) as ConnectionState
    expect(step(heardAgo(29_999), events.visible, input).outcome).toBe('ignored')
    const slept = heardAgo(30_000)
    const { state, effects } = step(slept, events.visible, input)
    expect(state.name).toBe('connecting')
    expect(effects).toEqual([
      { type: 'stop', job: 'stream', token },
      { type: 'start', job: 'stream', token: token + 1 },
    ])
  })

  it('polls within a second of losing the stream, and tries the stream within its backoff', () => {
    const { state } = step(examples.live, events.stream_lost, { now: NOW, random: 0.999 })
    expect(viewOf(state)).toMatchObject({ phase: 'polling', reason: 'network', attempt: 0 })
    expect(viewOf(state).nextPollAt).toBeLessThanOrEqual(NOW + 1_000)
    expect(viewOf(state).nextAttemptAt).toBeLessThanOrEqual(NOW + 1_000)
  })

  it('obeys Retry-After, also when a person is in a hurry', () => {
    const lost = { ...events.stream_lost, retryAfterMs: 30_000 }
    let { state } = step(examples.live, lost, input)
    state = step(state, events.hurry, input).state
    expect(viewOf(state).nextAttemptAt).toBeGreaterThanOrEqual(NOW + 30_000)
    expect(viewOf(state).nextPollAt).toBeGreaterThanOrEqual(NOW + 30_000)
  })

  it('reconnects after a planned end without backing off, but backs off when the ends come too soon', () => {
    const planned = step(examples.live, events.stream_reconnect, input).state
    expect(viewOf(planned).nextAttemptAt).toBe(NOW + 2_000)
    const flapping = { ...examples.live, since: NOW - 100, attempt: 5 } as ConnectionState
    const soon = step(flapping, events.stream_reconnect, input).state
    expect(viewOf(soon).nextAttemptAt).toBe(NOW + 2_000 + 16_000)
  })

  it('does not refill in a tight loop from a server that calls every cursor too old', () => {
    const { state } = step({ ...examples.live, resyncs: 3 } as ConnectionState, events.stream_too_old, input)
    expect(viewOf(state)).toMatchObject({ phase: 'resyncing', nextAttemptAt: NOW + 4_000 })
  })
})

/**
 * Random lives of a tab: whatever happens in whatever order, with tokens that fit, are old, or were never given.
 * What ends a life is rare, or few would get anywhere.
 */
const anyEvent = fc.oneof(
  ...Object.values(events).map(event => ({
    weight:
      event.type === 'signed_out'
        ? 1
        : event.type === 'leader_lost'
          ? 3
          : event.type === 'leader_gained'
            ? 30
            : 10,
    arbitrary: fc.record({
      event: fc.constant(event),
      guess: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -1, max: 3 }) },
      ),
      retryAfterMs: fc.option(fc.nat(120_000)),
    }),
  })),
)
const anyMoment = fc.tuple(anyEvent, fc.nat(90_000), fc.double({ min: 0, max: 0.999, noNaN: true }))
const anyLife = fc.array(anyMoment, { minLength: 20, maxLength: 100, size: 'max' })
const RUNS = { numRuns: 300 }

type Life = typeof anyLife extends fc.Arbitrary<infer L> ? L : never

function live(life: Life, check: (state: ConnectionState, effects: Effect[], now: number) => void) {
  let now = NOW
  let state = step(initialConnection, events.started, { now, random: 0 }).state
  const open = new Map<number, Job>()
  for (const [{ event, guess, retryAfterMs }, ms, random] of life) {
    now += ms
    const job = event.type.split('_')[0] as Job
    const slot = state.slots[job]
    const fitting = slot && 'token' in slot ? slot.token : state.tokens
    const told =
      'token' in event
        ? { ...event, token: fitting - guess, ...('retryAfterMs' in event ? { retryAfterMs } : {}) }
        : event
    const result = step(state, told, { now, random })
    state = result.state
    for (const effect of result.effects) {
      if (effect.type === 'start') {
        expect([...open.values()], 'a job must not run twice').not.toContain(effect.job)
        open.set(effect.token, effect.job)
      }
      if (effect.type === 'stop') open.delete(effect.token)
    }
    // The effects and the slots tell the same story.
    const slots = Object.entries(state.slots).flatMap(([job, slot]) => ('token' in slot ? [job] : []))
    expect([...open.values()].sort()).toEqual(slots.sort())
    check(state, result.effects, now)
  }
}

describe('whatever happens to a tab', () => {
  it('nothing runs or waits unless it leads', () => {
    fc.assert(
      fc.property(anyLife, life =>
        live(life, state => {
          if (['idle', 'follower', 'signed_out'].includes(state.name)) expect(state.slots).toEqual({})
        }),
      ),
      RUNS,
    )
  })

  it('something always runs or waits while it leads: it cannot fall asleep', () => {
    fc.assert(
      fc.property(anyLife, life =>
        live(life, state => {
          if (!['idle', 'follower', 'signed_out'].includes(state.name))
            expect(Object.keys(state.slots).length).toBeGreaterThan(0)
        }),
      ),
      RUNS,
    )
  })

  it('waits are within their bounds', () => {
    fc.assert(
      fc.property(anyLife, life =>
        live(life, (_, effects, now) => {
          for (const effect of effects) {
            if (effect.type !== 'wait') continue
            expect(effect.at).toBeGreaterThanOrEqual(now)
            // Retry-After of at most 2 min (above), and the longest wait of our own.
            expect(effect.at - now).toBeLessThanOrEqual(120_000 + PROBE_MS)
          }
        }),
      ),
      RUNS,
    )
  })

  it('signed out is the end', () => {
    fc.assert(
      fc.property(anyLife, life => {
        let ended = false
        live(life, state => {
          if (ended) expect(state.name).toBe('signed_out')
          ended ||= state.name === 'signed_out'
        })
      }),
    )
  })
})
