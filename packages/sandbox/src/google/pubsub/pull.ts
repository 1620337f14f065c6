import { json, type Reply } from '../../http/reply.ts'
import { type Request, Router } from '../../http/router.ts'
import { invalid, notFound } from '../errors.ts'
import type { Google } from '../google.ts'
import { pubsubMessage } from './pubsub.ts'
import { SUBSCRIPTION } from './push-delivery.ts'

interface PullCall {
  google: Google
  request: Request
}

const ACK_DEADLINE_MS = 10_000
/** Leases of pulled messages per sandbox: id of the message → epoch ms until which it is not offered again. */
const leases = new WeakMap<Google, Map<string, number>>()

/**
 * Pull on the same subscription, for a product that has no public address: `…:pull`,
 * `…:acknowledge`, `…:modifyAckDeadline`. No authorisation is asked for.
 */
export function pullRoutes(): Router<PullCall> {
  return new Router<PullCall>().on(
    'POST',
    '/v1/projects/:project/subscriptions/:name',
    async (call, params) => {
      const [name = '', action = ''] = (params.name ?? '').split(':')
      if (`projects/${params.project}/subscriptions/${name}` !== SUBSCRIPTION) notFound()
      const body = readBody(call.request)
      if (action === 'pull') return pull(call.google, body)
      if (action === 'acknowledge') {
        call.google.pubsub.acknowledge(readAckIds(body))
        return json({})
      }
      if (action === 'modifyAckDeadline') return modifyDeadline(call.google, body)
      return notFound()
    },
  )
}

function leasesOf(google: Google): Map<string, number> {
  let map = leases.get(google)
  if (!map) {
    map = new Map()
    leases.set(google, map)
  }
  return map
}

function pull(google: Google, body: Record<string, unknown>): Reply {
  const max = Number(body.maxMessages ?? 0)
  if (!Number.isInteger(max) || max < 1) return invalid('maxMessages must be at least 1')
  const now = google.clock.now()
  const held = leasesOf(google)
  for (const [id, until] of held) if (until <= now || !google.pubsub.get(id)) held.delete(id)
  const free = google.pubsub.waiting().filter(push => !held.has(push.id))
  const taken = free.slice(0, Math.min(max, 1000))
  for (const push of taken) held.set(push.id, now + ACK_DEADLINE_MS)
  if (taken.length === 0) return json({})
  return json({ receivedMessages: taken.map(push => ({ ackId: push.id, message: pubsubMessage(push) })) })
}

function modifyDeadline(google: Google, body: Record<string, unknown>): Reply {
  const seconds = Number(body.ackDeadlineSeconds)
  if (!(seconds >= 0 && seconds <= 600)) return invalid('ackDeadlineSeconds must be 0 to 600')
  for (const id of readAckIds(body)) leasesOf(google).set(id, google.clock.now() + seconds * 1000)
  return json({})
}

function readAckIds(body: Record<string, unknown>): string[] {
  const ids = body.ackIds
  return Array.isArray(ids) && ids.every(id => typeof id === 'string')
    ? (ids as string[])
    : invalid('ackIds is required')
}

function readBody(request: Request): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8') || '{}')
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Falls through.
  }
  return invalid('Invalid JSON payload received.', 'parseError')
}
