import { describe, expect, test } from 'vitest'
import { type Failure, isAmbiguous, readFailure, toProviderError } from '../src/gmail/errors.ts'
import { parseRetryAfter } from '../src/retry-after.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const failure = (more: Partial<Failure>): Failure => ({
  status: 400,
  reason: '',
  message: 'words',
  retryAfter: null,
  code: '',
  ...more,
})
const kind = (more: Partial<Failure>) => toProviderError(failure(more), 'do it', NOW).kind

describe('Gmail’s refusals are read by their reason', () => {
  test.each([
    [{ status: 403, reason: 'rateLimitExceeded' }, 'rate_limited'],
    [{ status: 403, reason: 'userRateLimitExceeded' }, 'rate_limited'],
    [{ status: 429, reason: 'rateLimitExceeded' }, 'rate_limited'],
    [{ status: 429, reason: '' }, 'rate_limited'],
    [{ status: 403, reason: 'quotaExceeded' }, 'rate_limited'],
    [{ status: 403, reason: 'dailyLimitExceeded' }, 'rate_limited'],
    [{ status: 403, reason: 'domainPolicy' }, 'permanent'],
    [{ status: 403, reason: 'forbidden' }, 'permanent'],
    [{ status: 403, reason: 'accessNotConfigured' }, 'permanent'],
    [{ status: 400, reason: 'failedPrecondition' }, 'permanent'],
    [{ status: 400, reason: 'invalidArgument' }, 'permanent'],
    [{ status: 401, reason: 'authError' }, 'unauthorized'],
    [{ status: 403, reason: 'insufficientPermissions' }, 'unauthorized'],
    [{ status: 404, reason: 'notFound' }, 'not_found'],
    [{ status: 500, reason: 'backendError' }, 'transient'],
    [{ status: 502, reason: '' }, 'transient'],
    [{ status: 503, reason: 'backendError' }, 'transient'],
    [{ status: 408, reason: '' }, 'transient'],
    [{ status: null, code: 'ECONNRESET' }, 'transient'],
    [{ status: null, code: 'TimeoutError' }, 'transient'],
  ] as [Partial<Failure>, string][])('%o is %s', (given, expected) => {
    expect(kind(given)).toBe(expected)
  })

  test('a missing scope asks for reconnection, a refused token does not', () => {
    expect(
      toProviderError(failure({ status: 403, reason: 'insufficientPermissions' }), 'x', NOW).reconnect,
    ).toBe(true)
    expect(toProviderError(failure({ status: 401 }), 'x', NOW).reconnect).toBe(false)
  })

  test('Retry-After is taken in seconds and as a date, from the header or from Gmail’s words', () => {
    const at = (more: Partial<Failure>) =>
      toProviderError(failure({ status: 429, ...more }), 'x', NOW).retryAt
    expect(at({ retryAfter: '17' })).toBe(NOW + 17_000)
    expect(at({ retryAfter: 'Sat, 21 Nov 2026 12:01:00 GMT' })).toBe(NOW + 60_000)
    expect(at({ message: 'User-rate limit exceeded.  Retry after 2026-11-21T12:00:30.000Z' })).toBe(
      NOW + 30_000,
    )
    expect(at({})).toBeNull()
  })

  test('a daily limit waits until midnight in California', () => {
    const { retryAt } = toProviderError(failure({ status: 403, reason: 'dailyLimitExceeded' }), 'x', NOW)
    expect(new Date(retryAt ?? 0).toISOString()).toBe('2026-11-22T08:00:00.000Z')
  })

  test('messages say what was tried, the status and the reason', () => {
    expect(
      toProviderError(
        failure({ status: 403, reason: 'domainPolicy', message: 'Not here' }),
        'list the labels',
        NOW,
      ).message,
    ).toBe('Gmail refused to list the labels (403, domainPolicy, Not here).')
  })
})

describe('Retry-After', () => {
  test.each([null, '', 'soon', '-5', '1.5', '1e9'])('%j says nothing', text => {
    expect(parseRetryAfter(text, NOW)).toBeNull()
  })
  test('in the past is now, and a year ahead is a day', () => {
    expect(parseRetryAfter('Sat, 21 Nov 2020 12:00:00 GMT', NOW)).toBe(NOW)
    expect(parseRetryAfter('31536000', NOW)).toBe(NOW + 86_400_000)
  })
})

describe('a send that ended badly', () => {
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])('with %s never left', code => {
    expect(isAmbiguous(failure({ status: null, code }))).toBe(false)
  })
  test.each([null, 500, 502, 504, 200])('with status %j may have been carried out', status => {
    expect(isAmbiguous(failure({ status, code: 'ECONNRESET' }))).toBe(true)
  })
  test.each([400, 401, 403, 404, 429, 503])('with status %j was not carried out', status => {
    expect(isAmbiguous(failure({ status }))).toBe(false)
  })
})

describe('what is thrown', () => {
  test('by a time limit is known by its name', () => {
    expect(readFailure(new DOMException('no answer', 'TimeoutError'))).toMatchObject({
      status: null,
      code: 'TimeoutError',
    })
  })

  test('is read into plain data, whatever it is', () => {
    for (const thrown of [
      null,
      undefined,
      'words',
      7,
      {},
      { response: null },
      { response: { data: '<html>' } },
      new Error('x'),
    ])
      expect(() => readFailure(thrown)).not.toThrow()
    expect(
      readFailure({
        response: {
          status: 403,
          headers: new Headers({ 'retry-after': '3' }),
          data: { error: { message: 'm', errors: [{ reason: 'userRateLimitExceeded' }] } },
        },
      }),
    ).toMatchObject({ status: 403, reason: 'userRateLimitExceeded', message: 'm', retryAfter: '3' })
  })
})
