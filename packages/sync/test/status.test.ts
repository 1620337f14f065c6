import { describe, expect, it } from 'vitest'
import { deriveStatus, type StatusFacts } from '../src/status.ts'

const NOW = 1_000_000
const healthy: StatusFacts = {
  now: NOW,
  enabled: true,
  reconnect: null,
  liveCursor: true,
  lastSyncAt: NOW - 1_000,
  attempts: 0,
  nextAttemptAt: null,
  lastError: null,
  listing: null,
  watched: true,
  watch: { expiresAt: NOW + 1, lastPushAt: null, createdAt: 0 },
  missedPush: false,
  failedItems: 0,
  previous: null,
}

describe('the status of an account', () => {
  const cases: [string, Partial<StatusFacts>, string, string | null][] = [
    ['is active when it is watched, synced and whole', {}, 'active', null],
    [
      'stays active while older mail is still coming',
      { listing: { kind: 'backfill' } },
      'active',
      'backfilling',
    ],
    ['stays active while it is compared', { listing: { kind: 'reconcile' } }, 'active', null],
    ['is degraded while it resyncs', { listing: { kind: 'resync' } }, 'degraded', 'resyncing'],
    ['is degraded without a watch', { watch: null }, 'degraded', 'watch_missing'],
    [
      'is degraded from the moment its watch expires',
      { watch: { expiresAt: NOW, lastPushAt: null, createdAt: 0 } },
      'degraded',
      'watch_expired',
    ],
    [
      'forgives a single failure',
      { attempts: 1, lastError: { kind: 'transient', message: 'x' } },
      'active',
      null,
    ],
    ['is degraded from the second failure on', { attempts: 2 }, 'degraded', 'failing'],
    [
      'says at once that it is throttled',
      { attempts: 1, lastError: { kind: 'rate_limited', message: 'x' } },
      'degraded',
      'throttled',
    ],
    ['cools down from the fifth failure on', { attempts: 5 }, 'degraded', 'cooling_down'],
    [
      'is degraded when a poll found what no push had announced',
      { missedPush: true },
      'degraded',
      'push_silent',
    ],
    ['is degraded while items are missing', { failedItems: 1 }, 'degraded', 'failed_items'],
    ['has never synced without a cursor', { liveCursor: false }, 'degraded', 'never_synced'],
    ['is disconnected when stopped by its owner', { enabled: false }, 'disconnected', 'stopped'],
    [
      'needs its owner when the grant is gone, whatever else is wrong',
      { reconnect: { at: 1, error: 'revoked' }, enabled: false, attempts: 9 },
      'disconnected',
      'reconnect_needed',
    ],
  ]
  for (const [name, facts, state, reason] of cases)
    it(name, () => {
      expect(deriveStatus({ ...healthy, ...facts })).toMatchObject({ state, reason })
    })

  it('keeps the moment since which it holds while nothing changes', () => {
    const first = deriveStatus({ ...healthy, watch: null })
    const later = deriveStatus({ ...healthy, watch: null, now: NOW + 5_000, previous: first })
    expect(later.since).toBe(NOW)
    expect(
      deriveStatus({
        ...healthy,
        now: NOW + 5_000,
        watch: { expiresAt: NOW + 9_999, lastPushAt: null, createdAt: 0 },
        previous: later,
      }).since,
    ).toBe(NOW + 5_000)
  })
})
