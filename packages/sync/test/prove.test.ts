import type { Proof } from '@inlet/protocol/entities'
import { describe, expect, it } from 'vitest'
import { disagreeing, wantsComparison } from '../src/prove.ts'
import type { AccountRecord } from '../src/store-port.ts'

const MINUTE = 60_000
const NOW = 1_800_000_000_000
const proof = (more: Partial<Proof> = {}): Proof => ({
  ...{ stored: 90, provider: 100, checkedAt: NOW, differsSince: NOW, compared: null },
  ...more,
})
const lane = (more: Partial<AccountRecord['resources'][number]> = {}) => ({
  ...{
    id: 'r',
    key: 'mailbox',
    lane: 'live' as const,
    cursor: 'c',
    watchId: null,
    due: false,
    lastSyncedAt: null,
  },
  ...more,
})
const account = (more: Partial<AccountRecord> = {}) =>
  ({ proof: null, failedItems: 0, resources: [lane()], ...more }) as AccountRecord
const counts = (stored: number, provider: number) => ({ stored, provider, checkedAt: NOW + MINUTE })

describe('counts that disagree', () => {
  it('do so from the first time that they differ by as much', () => {
    expect(disagreeing(account(), counts(100, 100))).toBeNull()
    expect(disagreeing(account(), counts(90, 100))).toBe(NOW + MINUTE)
    expect(disagreeing(account({ proof: proof() }), counts(190, 200))).toBe(NOW)
    expect(disagreeing(account({ proof: proof() }), counts(89, 100))).toBe(NOW + MINUTE)
    expect(disagreeing(account({ proof: proof() }), counts(100, 100))).toBeNull()
  })

  it('say nothing while mail is on its way, or where what could not be fetched explains them', () => {
    expect(disagreeing(account({ resources: [lane({ due: true })] }), counts(90, 100))).toBeNull()
    expect(
      disagreeing(account({ resources: [lane(), lane({ lane: 'listing' })] }), counts(90, 100)),
    ).toBeNull()
    const over = lane({ lane: 'listing', cursor: null, due: true })
    expect(disagreeing(account({ resources: [lane(), over] }), counts(90, 100))).not.toBeNull()
    expect(disagreeing(account({ failedItems: 10 }), counts(90, 100))).toBeNull()
    expect(disagreeing(account({ failedItems: 10 }), counts(100, 99))).not.toBeNull()
  })

  it('start one comparison, after ten minutes', () => {
    const none = { missing: 0, extra: 0, differing: 0, failed: 0 }
    const wants = (minutes: number, compared: Proof['compared'] = null) =>
      wantsComparison({ proof: proof({ compared }) }, NOW, NOW + minutes * MINUTE)
    expect(wants(9)).toBe(false)
    expect(wants(10)).toBe(true)
    expect(wants(10, { at: NOW - 1, ...none })).toBe(true)
    expect(wants(10, { at: NOW + 1, ...none })).toBe(false)
  })
})
