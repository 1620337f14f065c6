import { isPushRejected } from '@inlet/sync/provider-errors'
import { pushEvent } from '@inlet/sync/push-event'
import { receivePush } from '@inlet/sync/receive-push'
import { ApiError, noStore } from './api-error.ts'
import { clientIp } from './client-ip.ts'
import type { Call, Handler } from './handle.ts'
import { readBody } from './read-body.ts'

const BODY_LIMIT = 64 * 1024
/** Only callers that could not prove to be Pub/Sub count; Google's shared addresses are never throttled for them. */
const UNVERIFIED = { name: 'unverified-push', limit: 100, windowMs: 60_000 }
const UNVERIFIED_ALL = { name: 'unverified-push-all', limit: 1_000, windowMs: 60_000 }

/**
 * Pub/Sub push. Once its token is verified a push is always acknowledged (204): what names no mailbox or cannot be
 * decoded is recorded, because a refusal would be redelivered and slow the whole subscription. The hint is durable
 * before the answer; the sync itself comes after it.
 */
export const gmailPush: Handler = async call => {
  const { request, runtime } = call
  const body = await readBody(request, BODY_LIMIT)
  const push = await verified(call, body)
  const { outcome, ring } = await receivePush(runtime.engine, pushEvent('gmail', push))
  runtime.metrics.push(outcome)
  if (ring) call.afterwards(() => runtime.kick())
  return new Response(null, { status: 204, headers: noStore })
}

async function verified({ request, runtime, signal }: Call, body: Uint8Array) {
  try {
    return await runtime
      .gmail()
      .parsePush({ headers: request.headers, body: new TextDecoder().decode(body) }, signal)
  } catch (error) {
    if (!isPushRejected(error)) throw error
    runtime.metrics.push('rejected')
    for (const [rule, key] of [
      [UNVERIFIED, clientIp(request, runtime.config.trustedProxies)],
      [UNVERIFIED_ALL, 'all'],
    ] as const) {
      const limited = await runtime.limit(rule, key)
      if (!limited.ok)
        throw new ApiError('rate_limited', 'Too many pushes that could not be verified.', {
          retryAfter: limited.retryAfterS,
        })
    }
    throw new ApiError('push_rejected', error.message)
  }
}
