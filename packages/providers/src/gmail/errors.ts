import { ProviderError } from '@inlet/sync/provider-errors'
import { parseRetryAfter } from '../retry-after.ts'

/** What is left of a failed request: plain data, so that no header, token or mail text travels with an error (I12). */
export type Failure = {
  /** HTTP status; null when no answer came. */
  status: number | null
  /** Google's `errors[0].reason`; '' when it gave none. */
  reason: string
  message: string
  /** Retry-After as it was sent. */
  retryAfter: string | null
  /** System or library code of a request without an answer: ECONNRESET, TimeoutError … */
  code: string
}

/** Never reached Google: repeating these cannot do anything twice. */
const NEVER_LEFT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
])
const RATE = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'quotaExceeded',
  'RATE_LIMIT_EXCEEDED',
  'concurrentLimitExceeded',
])
const DAILY = new Set(['dailyLimitExceeded', 'dailyLimitExceededUnreg', 'dailySendingLimitExceeded'])
/** The person has not granted what is needed; only connecting again mends it. */
const SCOPES = new Set(['insufficientPermissions', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT'])

/**
 * Google's answer as one of our errors, by its reason rather than its status: 403 is a quota, a missing scope or a
 * policy; 400 may mean that the account has no Gmail at all. Pure.
 */
export function toProviderError(failure: Failure, action: string, now: number): ProviderError {
  const said = describe(failure)
  const cause = { status: failure.status, reason: failure.reason, code: failure.code }
  const { status, reason } = failure
  if (status === null)
    return new ProviderError('transient', `Gmail could not be reached to ${action} (${said}).`, { cause })
  if (DAILY.has(reason)) {
    const retryAt = Math.max(parseRetryAfter(failure.retryAfter, now) ?? 0, nextPacificMidnight(now))
    return new ProviderError(
      'rate_limited',
      `Gmail's daily limit is used up; could not ${action} (${said}).`,
      { cause, retryAt },
    )
  }
  if (RATE.has(reason) || status === 429) {
    const retryAt = parseRetryAfter(failure.retryAfter ?? retryAfterInText(failure.message), now)
    return new ProviderError('rate_limited', `Gmail asks us to slow down; could not ${action} (${said}).`, {
      cause,
      retryAt,
    })
  }
  if (status === 401)
    return new ProviderError(
      'unauthorized',
      `Gmail refused the access token; could not ${action} (${said}).`,
      { cause },
    )
  if (SCOPES.has(reason))
    return new ProviderError(
      'unauthorized',
      `Access to Gmail was granted without a needed permission; could not ${action} (${said}). Connect the account again and leave every box ticked.`,
      { cause, reconnect: true },
    )
  if (status === 404 || status === 410)
    return new ProviderError('not_found', `Gmail knows nothing by that id; could not ${action} (${said}).`, {
      cause,
    })
  if (status >= 500 || status === 408 || status === 409 || status === 425) {
    const retryAt = parseRetryAfter(failure.retryAfter, now)
    return new ProviderError('transient', `Gmail failed for the moment; could not ${action} (${said}).`, {
      cause,
      retryAt,
    })
  }
  return new ProviderError('permanent', `Gmail refused to ${action} (${said}).`, { cause })
}

/** Did Google perhaps carry out a request that ended like this? Decides whether a send may be repeated. */
export function isAmbiguous(failure: Failure): boolean {
  if (failure.status === null) return !NEVER_LEFT.has(failure.code)
  return (
    failure.status === 500 ||
    failure.status === 502 ||
    failure.status === 504 ||
    (failure.status >= 200 && failure.status < 300)
  )
}

/** Gmail's own 429 often says when only in words: "User-rate limit exceeded.  Retry after 2026-11-21T10:15:00.000Z". */
function retryAfterInText(message: string): string | null {
  return /retry after (\d{4}-\d\d-\d\dT[\d:.]{5,15}Z)/i.exec(message)?.[1] ?? null
}

/** What googleapis (gaxios) throws, or anything else, as plain data. */
export function readFailure(error: unknown): Failure {
  const thrown = record(error)
  const response = record(thrown.response)
  const body = parsed(response.data)
  const envelope = record(record(body).error)
  const first = record(Array.isArray(envelope.errors) ? envelope.errors[0] : null)
  const detail = record(
    Array.isArray(envelope.details)
      ? envelope.details.find(each => typeof record(each).reason === 'string')
      : null,
  )
  const status = number(response.status) ?? null
  const cause = record(thrown.cause)
  return {
    status,
    reason: string(first.reason) || string(detail.reason) || string(envelope.status),
    message: string(envelope.message) || string(thrown.message) || String(error),
    retryAfter: header(response.headers, 'retry-after'),
    // A DOMException's own code is a number of its kind; its name says more.
    code:
      thrown.name === 'TimeoutError'
        ? 'TimeoutError'
        : string(thrown.code) || string(cause.code) || string(cause.type) || string(thrown.name),
  }
}

function describe({ status, reason, message, code }: Failure): string {
  const parts = [status ?? code, reason, message].map(part => String(part ?? '').trim()).filter(Boolean)
  return [...new Set(parts)].join(', ').slice(0, 300)
}

/** Gmail's daily quotas start again at midnight in California. An hour off on two days of the year costs one refusal. */
function nextPacificMidnight(now: number): number {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: 'America/Los_Angeles',
    hourCycle: 'h23',
    hour: 'numeric',
    minute: 'numeric',
  })
  const part = (type: string) => Number(clock.formatToParts(now).find(each => each.type === type)?.value ?? 0)
  return now + (24 * 60 - part('hour') * 60 - part('minute')) * 60_000
}

function header(headers: unknown, name: string): string | null {
  if (headers instanceof Headers) return headers.get(name)
  const get = record(headers).get
  if (typeof get === 'function') return string(get.call(headers, name)) || null
  return string(record(headers)[name]) || null
}

function parsed(data: unknown): unknown {
  if (typeof data !== 'string') return data
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const string = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
