import { initialMirrorState, type MirrorState } from '@inlet/client/mirror-state'
import { type Account, StatusReason } from '@inlet/protocol/entities'
import { describe, expect, it } from 'vitest'
import { connectionNotice } from '../src/inbox/status/connection-text.ts'
import { comparedText, foundText, proofText, statusSentence } from '../src/inbox/status/status-text.ts'
import { syncOutcome } from '../src/inbox/status/sync-result.ts'

const now = new Date(2026, 10, 21, 14, 30).getTime()
const account: Account = {
  id: 'a',
  provider: 'gmail',
  email: 'ada@example.org',
  displayName: 'Ada',
  status: { state: 'active', reason: null, since: now, retryAt: null, error: null },
  lastSyncAt: now,
  lastPushAt: now,
  watchExpiresAt: now,
  progress: null,
  proof: { stored: 6046, provider: 6046, checkedAt: now, differsSince: null, compared: null },
  failedItems: 3,
  createdAt: now,
}
const because = (reason: StatusReason, rest: Partial<Account['status']> = {}): Account => ({
  ...account,
  status: { ...account.status, state: 'degraded', reason, ...rest },
})
const polling: MirrorState = {
  ...initialMirrorState,
  phase: 'polling',
  since: new Date(2026, 10, 21, 14, 2).getTime(),
  reason: 'network',
  pollEveryMs: 30_000,
}

describe('what a person is told', () => {
  it('has a sentence of its own for every reason', () => {
    const sentences = StatusReason.options.map(reason => statusSentence(because(reason), now))
    expect(new Set(sentences).size).toBe(StatusReason.options.length)
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z0-9].*\.$/)
  })

  it('names the error and the moment of the next try', () => {
    const failing = because('failing', { error: 'Gmail answered 503', retryAt: now + 300_000 })
    expect(statusSentence(failing, now)).toBe(
      'The last sync failed: Gmail answered 503. Trying again at 14:35.',
    )
    expect(statusSentence(because('failing', { retryAt: now - 1 }), now)).toBe('The last sync failed.')
  })

  it('proves with grouped numbers', () => {
    expect(proofText(account)).toBe('6,046 of 6,046 mirrored')
  })

  it('says when every id was compared, and what became of what differed', () => {
    const none = { missing: 0, extra: 0, differing: 0, failed: 0 }
    const at = new Date(2026, 10, 21, 3, 12).getTime()
    const compared = (found: Partial<typeof none>): Account => ({
      ...account,
      proof: {
        stored: 1,
        provider: 1,
        checkedAt: now,
        differsSince: null,
        compared: { at, ...none, ...found },
      },
    })
    expect(comparedText(account, now)).toBe('not yet; it is every night')
    expect(comparedText(compared({}), now)).toBe('03:12, no differences')
    expect(comparedText(compared({ missing: 2 }), now)).toBe('03:12, 2 were missing and have been stored')
    expect(foundText({ missing: 1, extra: 1_200, differing: 1, failed: 2 })).toBe(
      '1 was missing and has been stored, 1,200 were no longer there and have been removed, 1 was different and has been corrected, 2 were unreadable and will be tried again',
    )
  })

  it('says how it polls, why, and since when', () => {
    expect(connectionNotice(polling, now)?.text).toBe(
      'Polling every 30 s: the live stream is down since 14:02. Retrying.',
    )
  })

  it('promises announcements only of those that make them', () => {
    expect(statusSentence(account, now)).toBe('Gmail announces new mail the moment it arrives.')
    expect(statusSentence({ ...account, provider: 'imap' }, now)).toBe(
      'The mail server is asked for new mail every 30 s while you are here.',
    )
  })

  it('says nothing while all is well, and what holds when it is not', () => {
    expect(connectionNotice({ ...polling, phase: 'live' }, now)).toBeNull()
    expect(connectionNotice({ ...polling, phase: 'offline' }, now)?.text).toBe(
      'You are offline. Changes are kept and sent when you are back.',
    )
    expect(connectionNotice({ ...polling, phase: 'signed_out' }, now)?.action).toBe('sign_in')
  })

  it('tells what came of a sync: mail, changes, nothing, or the error in words', () => {
    const ran = (changes: number | null, message?: string) => ({
      accounts: [{ accountId: 'a', changes, error: message ? { code: 'provider_failed', message } : null }],
    })
    expect(syncOutcome(ran(0), 0).text).toBe('Up to date')
    expect(syncOutcome(ran(4), 3).text).toBe('3 new messages')
    expect(syncOutcome(ran(1), 0).text).toBe('Up to date: 1 change fetched')
    expect(syncOutcome(ran(null), 0).kind).toBe('info')
    expect(syncOutcome(ran(0, 'Gmail asked us to slow down.'), 0)).toEqual({
      kind: 'error',
      text: 'Gmail asked us to slow down.',
    })
  })
})
