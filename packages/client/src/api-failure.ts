import type { ErrorCode } from '@inlet/protocol/errors'

/** Codes of the HTTP API, and three that only the client can see. */
export type FailureCode = ErrorCode | 'network' | 'aborted' | 'malformed'

/** A request that did not give what it should have. The only error class of the transports. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure'
  readonly code: FailureCode
  /** 0 when no answer came. */
  readonly status: number
  /** From Retry-After, null when the server named none. */
  readonly retryAfterMs: number | null

  constructor(code: FailureCode, message: string, status = 0, retryAfterMs: number | null = null) {
    super(message)
    this.code = code
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}
