import { type ApiErrorBody, type ErrorCode, errorStatus } from '@inlet/protocol/errors'
import { isCursorTooOld, isInvalidCursor } from '@inlet/sync/feed-port'
import { isProviderError, type ProviderError } from '@inlet/sync/provider-errors'

type Details = Omit<ApiErrorBody['error'], 'code' | 'message'>

/** An answer that is not 2xx, with a stable code and a sentence for a person. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly details: Details
  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.details = details
  }
}

const isApiError = (error: unknown): error is ApiError => error instanceof Error && error.name === 'ApiError'

export const noStore = { 'cache-control': 'no-store' } as const

/** Never says more than its sentence: what is unexpected is logged, and answered as `internal`. */
export function toApiError(error: unknown): ApiError {
  if (isApiError(error)) return error
  if (isCursorTooOld(error)) return new ApiError('cursor_too_old', error.message, { floor: error.floor })
  if (isInvalidCursor(error)) return new ApiError('invalid_cursor', error.message)
  if (isProviderError(error)) return fromProvider(error)
  return new ApiError(
    'internal',
    'Something went wrong on our side. It has been logged; trying again is safe.',
  )
}

function fromProvider(error: ProviderError): ApiError {
  if (error.kind === 'unauthorized')
    return new ApiError(
      'reconnect_needed',
      'The provider no longer accepts our access. Connect the account again.',
    )
  if (error.kind === 'not_found') return new ApiError('not_found', 'The provider no longer has this.')
  if (error.kind === 'rate_limited') {
    const retryAfter = Math.max(1, Math.ceil(((error.retryAt ?? 0) - Date.now()) / 1_000))
    return new ApiError('unavailable', 'The provider asks us to slow down.', { retryAfter })
  }
  if (error.kind === 'transient')
    return new ApiError('unavailable', 'The provider does not answer just now. Try again in a moment.')
  return new ApiError('provider_failed', 'The provider did not answer as it should. Try again in a moment.')
}

export function errorResponse(error: ApiError): Response {
  const body: ApiErrorBody = { error: { code: error.code, message: error.message, ...error.details } }
  const headers = new Headers(noStore)
  if (error.details.retryAfter !== undefined) headers.set('retry-after', String(error.details.retryAfter))
  return Response.json(body, { status: errorStatus[error.code], headers })
}
