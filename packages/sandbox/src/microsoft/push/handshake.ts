import { randomUUID } from 'node:crypto'
import type { Reply } from '../../http/reply.ts'
import { graphError } from '../errors.ts'

export const HANDSHAKE_MS = 10_000

/**
 * Asks an address to prove that it wants notifications: it must answer 200, text/plain, with exactly
 * the token of the query, decoded once. The token has characters that decoding twice would break.
 * Returns Graph's refusal, or undefined when it was answered well.
 */
export async function handshake(url: string, limitMs: number): Promise<Reply | undefined> {
  const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomUUID()} +%41/=`
  const target = `${url}${url.includes('?') ? '&' : '?'}validationToken=${encodeURIComponent(token)}`
  const deadline = AbortSignal.timeout(limitMs)
  try {
    const response = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: '',
      redirect: 'manual',
      signal: deadline,
    })
    const body = await response.text()
    if (response.status !== 200) {
      return refused(
        `Subscription validation request failed. HTTP status code is '${response.status}'; notification endpoint must respond with 200 OK to validation request.`,
      )
    }
    const type = response.headers.get('content-type') ?? ''
    if (!/^text\/plain\b/i.test(type)) {
      return refused(
        `Subscription validation request failed. The Content-Type must be text/plain, but is '${type}'.`,
      )
    }
    if (body === token) return undefined
    return refused(
      'Subscription validation request failed. Response must exactly match validationToken query parameter.',
    )
  } catch {
    return refused(
      deadline.aborted
        ? 'Subscription validation request timed out.'
        : 'Subscription validation request failed. The notification endpoint could not be reached.',
    )
  }
}

function refused(message: string): Reply {
  return graphError(400, 'ValidationError', message)
}
