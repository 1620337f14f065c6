import { ProviderError } from '@inlet/sync/provider-errors'
import { parseRetryAfter } from '../retry-after.ts'

/** What is left of a failed request: plain data, so that no header, token or mail text travels with an error (I12). */
export type Failure = {
  /** HTTP status; null when no answer came. */
  status: number | null
  /** Graph's `error.code`, or the system's or library's word where no answer came: ECONNRESET, TimeoutError … */
  code: string
  message: string
  /** Retry-After as it was sent. */
  retryAfter: string | null
}

/** Never reached Microsoft: repeating these cannot do anything twice. */
const NEVER_LEFT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
])
// Graph writes its codes in several spellings; all are compared in lower case.
const RATE = new Set(['applicationthrottled', 'toomanyrequests', 'activitylimitreached'])
const FORGOTTEN = new Set(['syncstatenotfound', 'syncstateinvalid', 'resyncrequired', 'fullsyncrequired'])
const NO_MAILBOX = new Set(['mailboxnotenabledforrestapi', 'mailboxnotsupportedforrestapi'])
const FULL = new Set(['errorquotaexceeded', 'errormessagesizeexceeded'])
/** The person (or their organisation) has not granted what is needed; only connecting again mends it. */
const SCOPES = new Set(['erroraccessdenied', 'accessdenied', 'authorization_requestdenied'])

/** Graph's answer as one of our errors, by its code before its status. Pure. */
export function toProviderError(failure: Failure, action: string, now: number): ProviderError {
  const said = describe(failure)
  const { status } = failure
  const code = failure.code.toLowerCase()
  const cause = { status, code: failure.code }
  if (status === null)
    return new ProviderError('transient', `Outlook could not be reached to ${action} (${said}).`, { cause })
  const retryAt = parseRetryAfter(failure.retryAfter, now)
  if (status === 429 || RATE.has(code))
    return new ProviderError('rate_limited', `Outlook asks us to slow down; could not ${action} (${said}).`, {
      cause,
      retryAt,
    })
  if (NO_MAILBOX.has(code))
    return new ProviderError(
      'permanent',
      `This account has no mailbox that Microsoft lets apps reach: it has no Exchange Online licence, or its mailbox is on the organisation's own servers. Ask whoever runs it (${said}).`,
      { cause },
    )
  if (status === 410 || FORGOTTEN.has(code))
    return new ProviderError(
      'cursor_expired',
      `Outlook no longer keeps what has changed since then; could not ${action} (${said}).`,
      { cause },
    )
  if (status === 401)
    return new ProviderError(
      'unauthorized',
      `Microsoft refused the access token; could not ${action} (${said}).`,
      { cause },
    )
  if (status === 403 && SCOPES.has(code))
    return new ProviderError(
      'unauthorized',
      `Access to Outlook was granted without a needed permission; could not ${action} (${said}). Connect the account again and accept all that is asked for.`,
      { cause, reconnect: true },
    )
  if (FULL.has(code))
    return new ProviderError(
      'permanent',
      `The mailbox is full or the message too large; could not ${action} (${said}).`,
      { cause },
    )
  if (status === 404)
    return new ProviderError(
      'not_found',
      `Outlook knows nothing by that id; could not ${action} (${said}).`,
      { cause },
    )
  if (isPassing(failure))
    return new ProviderError('transient', `Outlook failed for the moment; could not ${action} (${said}).`, {
      cause,
      retryAt,
    })
  return new ProviderError('permanent', `Outlook refused to ${action} (${said}).`, { cause })
}

/** May the same request succeed in a moment? 409, 412, 423 and 424 are conflicts with something else under way. */
function isPassing({ status }: Failure): boolean {
  return status === null || status >= 500 || [408, 409, 412, 423, 424, 425].includes(status)
}

/** Did Microsoft perhaps carry out a request that ended like this? Decides whether a send may be repeated. */
export function isAmbiguous({ status, code }: Failure): boolean {
  if (status === null) return !NEVER_LEFT.has(code)
  return status === 500 || status === 502 || status === 504 || (status >= 200 && status < 300)
}

/** An answer with a status of 300 or more, or one whose body cannot be used. */
export function failureOf(status: number, body: unknown, retryAfter: string | null): Failure {
  const error = record(record(body).error)
  const good = status >= 200 && status < 300
  return {
    status,
    code: text(error.code) || (good ? 'bad_answer' : ''),
    message: text(error.message) || (good ? 'the answer was no JSON object' : ''),
    retryAfter,
  }
}

/** What a request without an answer threw. */
export function failureOfThrown(error: unknown): Failure {
  const thrown = record(error)
  const cause = record(thrown.cause)
  return {
    status: null,
    // A DOMException's own code is a number of its kind; its name says more.
    code:
      thrown.name === 'TimeoutError'
        ? 'TimeoutError'
        : text(thrown.code) || text(cause.code) || text(cause.name) || text(thrown.name),
    message: text(cause.message) || text(thrown.message),
    retryAfter: null,
  }
}

function describe({ status, code, message }: Failure): string {
  const parts = [status, code, message].map(part => String(part ?? '').trim()).filter(Boolean)
  return [...new Set(parts)].join(', ').slice(0, 300)
}

export const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const text = (value: unknown): string => (typeof value === 'string' ? value : '')
