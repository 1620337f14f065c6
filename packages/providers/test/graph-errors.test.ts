import { describe, expect, test } from 'vitest'
import {
  type Failure,
  failureOf,
  failureOfThrown,
  isAmbiguous,
  toProviderError,
} from '../src/graph/errors.ts'

const NOW = Date.UTC(2026, 10, 21, 12)
const failure = (more: Partial<Failure>): Failure => ({
  status: 400,
  code: '',
  message: 'words',
  retryAfter: null,
  ...more,
})
const judge = (more: Partial<Failure>) => toProviderError(failure(more), 'do it', NOW)

describe('what Graph answers', () => {
  test.each([
    [{ status: null, code: 'ECONNRESET' }, 'transient'],
    [{ status: 429, code: 'TooManyRequests' }, 'rate_limited'],
    [{ status: 503, code: 'ApplicationThrottled' }, 'rate_limited'],
    [{ status: 401, code: 'InvalidAuthenticationToken' }, 'unauthorized'],
    [{ status: 403, code: 'ErrorAccessDenied' }, 'unauthorized'],
    [{ status: 403, code: 'ErrorSendAsDenied' }, 'permanent'],
    [{ status: 404, code: 'ErrorItemNotFound' }, 'not_found'],
    [{ status: 404, code: 'MailboxNotEnabledForRESTAPI' }, 'permanent'],
    [{ status: 404, code: 'mailboxnotsupportedforrestapi' }, 'permanent'],
    [{ status: 410, code: 'Gone' }, 'cursor_expired'],
    [{ status: 410, code: 'SyncStateNotFound' }, 'cursor_expired'],
    [{ status: 400, code: 'syncStateNotFound' }, 'cursor_expired'],
    [{ status: 400, code: 'ResyncRequired' }, 'cursor_expired'],
    [{ status: 404, code: 'syncstateinvalid' }, 'cursor_expired'],
    [{ status: 409, code: 'Conflict' }, 'transient'],
    [{ status: 412, code: 'ErrorIrresolvableConflict' }, 'transient'],
    [{ status: 500, code: 'InternalServerError' }, 'transient'],
    [{ status: 504, code: 'GatewayTimeout' }, 'transient'],
    [{ status: 507, code: 'ErrorQuotaExceeded' }, 'permanent'],
    [{ status: 400, code: 'ErrorInvalidIdMalformed' }, 'permanent'],
    [{ status: 302, code: '' }, 'permanent'],
  ] as const)('%j is %s', (given, kind) => {
    expect(judge(given).kind).toBe(kind)
  })

  test('only a missing permission asks for reconnection, a stale token does not', () => {
    expect(judge({ status: 403, code: 'ErrorAccessDenied' }).reconnect).toBe(true)
    expect(judge({ status: 401, code: 'InvalidAuthenticationToken' }).reconnect).toBe(false)
  })

  test('Retry-After is kept in full, as seconds or as a date', () => {
    expect(judge({ status: 429, retryAfter: '600' }).retryAt).toBe(NOW + 600_000)
    const date = new Date(NOW + 900_000).toUTCString()
    expect(judge({ status: 503, retryAfter: date }).retryAt).toBe(NOW + 900_000)
    expect(judge({ status: 429 }).retryAt).toBeNull()
  })

  test('a mailbox that Microsoft keeps from apps is explained to the person', () => {
    expect(judge({ status: 404, code: 'MailboxNotEnabledForRESTAPI' }).message).toContain('licence')
  })

  test('what may have been carried out is told from what cannot have been', () => {
    const ends = (more: Partial<Failure>) => isAmbiguous(failure(more))
    expect([500, 502, 504, 200].map(status => ends({ status }))).toEqual([true, true, true, true])
    expect([400, 403, 429, 503].map(status => ends({ status }))).toEqual([false, false, false, false])
    expect(ends({ status: null, code: 'ECONNRESET' })).toBe(true)
    expect(ends({ status: null, code: 'TimeoutError' })).toBe(true)
    expect(ends({ status: null, code: 'ECONNREFUSED' })).toBe(false)
  })

  test('answers and throws are read as plain data, whatever they hold', () => {
    expect(failureOf(404, { error: { code: 'A', message: 'b' } }, '3')).toEqual({
      status: 404,
      code: 'A',
      message: 'b',
      retryAfter: '3',
    })
    for (const body of [null, 'text', [], { error: 'x' }, { error: { code: 4 } }])
      expect(failureOf(500, body, null)).toMatchObject({ status: 500, code: '' })
    expect(failureOf(200, null, null)).toMatchObject({ code: 'bad_answer' })
    const reset = Object.assign(new TypeError('fetch failed'), {
      cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    })
    expect(failureOfThrown(reset)).toMatchObject({ status: null, code: 'ECONNRESET' })
    expect(failureOfThrown(undefined)).toMatchObject({ status: null, code: '' })
  })
})
