import { isPushRejected } from '@inlet/sync/provider-errors'
import { pushEvent } from '@inlet/sync/push-event'
import { receivePush } from '@inlet/sync/receive-push'
import { adapterOf } from './adapter-of.ts'
import { ApiError, noStore } from './api-error.ts'
import type { Call, Handler } from './handle.ts'
import { readBody } from './read-body.ts'
import { limitUnverified } from './unverified.ts'

const BODY_LIMIT = 64 * 1024

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

async function verified(call: Call, body: Uint8Array) {
  const { request, runtime, signal } = call
  const gmail = adapterOf(runtime, 'gmail')
  try {
    return await gmail.parsePush({ headers: request.headers, body: new TextDecoder().decode(body) }, signal)
  } catch (error) {
    if (!isPushRejected(error)) throw error
    runtime.metrics.push('rejected')
    await limitUnverified(call)
    throw new ApiError('push_rejected', error.message)
  }
}
