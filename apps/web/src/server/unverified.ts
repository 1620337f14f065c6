import { ApiError } from './api-error.ts'
import { clientIp } from './client-ip.ts'
import type { Call } from './handle.ts'

/** For callers of webhooks that have not proven to be the provider; its shared addresses are never throttled for them. */
const UNVERIFIED = { name: 'unverified-push', limit: 100, windowMs: 60_000 }
const UNVERIFIED_ALL = { name: 'unverified-push-all', limit: 1_000, windowMs: 60_000 }

export const callerOf = ({ request, runtime }: Call): string =>
  clientIp(request, runtime.config.trustedProxies)

/** Counts the call. Throws `rate_limited` when there were too many, from this address or from all. */
export async function limitUnverified(call: Call): Promise<void> {
  for (const [rule, key] of [
    [UNVERIFIED, callerOf(call)],
    [UNVERIFIED_ALL, 'all'],
  ] as const) {
    const limited = await call.runtime.limit(rule, key)
    if (!limited.ok)
      throw new ApiError('rate_limited', 'Too many pushes that could not be verified.', {
        retryAfter: limited.retryAfterS,
      })
  }
}
