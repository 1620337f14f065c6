import type { ApiFailure } from './api-failure.ts'
import type { LossReason } from './mirror-state.ts'

/** What a failed request means for the connection. */
export type FailureMeaning =
  | { kind: 'signed_out' }
  | { kind: 'too_old' }
  | { kind: 'aborted' }
  | { kind: 'lost'; reason: LossReason; retryAfterMs: number | null }

export function meaningOf(failure: ApiFailure): FailureMeaning {
  const { retryAfterMs } = failure
  const lost = (reason: LossReason): FailureMeaning => ({ kind: 'lost', reason, retryAfterMs })
  switch (failure.code) {
    case 'unauthorized':
      return { kind: 'signed_out' }
    case 'cursor_too_old':
    // A cursor that the server does not know (its data was restored or reset): the mirror starts again.
    case 'invalid_cursor':
      return { kind: 'too_old' }
    case 'aborted':
      return { kind: 'aborted' }
    case 'network':
      return lost('network')
    case 'timeout':
      return lost('timeout')
    case 'malformed':
      return lost('malformed')
    case 'rate_limited':
      return lost('rate_limited')
    default:
      return lost(failure.status >= 500 ? 'server_error' : 'refused')
  }
}
