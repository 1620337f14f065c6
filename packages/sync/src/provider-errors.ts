/**
 * The closed set of ways in which a provider can fail. Adapters translate everything they meet into one of these;
 * retry policy looks at the kind only.
 */
export type ProviderErrorKind =
  | 'cursor_expired'
  | 'rate_limited'
  | 'unauthorized'
  | 'not_found'
  | 'transient'
  | 'permanent'

export class ProviderError extends Error {
  readonly kind: ProviderErrorKind
  /** Epoch ms before which trying again is pointless (Retry-After), for `rate_limited`. */
  readonly retryAt: number | null
  /** For `unauthorized`: true when only the person can mend it (grant revoked), false when a fresh access token may. */
  readonly reconnect: boolean
  constructor(
    kind: ProviderErrorKind,
    message: string,
    options: { cause?: unknown; retryAt?: number | null; reconnect?: boolean } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'ProviderError'
    this.kind = kind
    this.retryAt = options.retryAt ?? null
    this.reconnect = options.reconnect ?? false
  }
}

/** A push that is not the provider's word: answered 401, never acted on. */
export class PushRejected extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.name = 'PushRejected'
    this.reason = reason
  }
}

/** Thrown by Store.commit when the lease or the cursor's version has moved on: this worker is stale and must drop its work. */
export class StaleLease extends Error {
  constructor(resourceId: string) {
    super(`The lease on resource ${resourceId} was taken over or its cursor has moved. Nothing was written.`)
    this.name = 'StaleLease'
  }
}

/**
 * For code that may have been bundled apart from what throws: there `instanceof` compares two copies of one class.
 */
export const isProviderError = (error: unknown): error is ProviderError => named(error, 'ProviderError')
export const isPushRejected = (error: unknown): error is PushRejected => named(error, 'PushRejected')

function named(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}
