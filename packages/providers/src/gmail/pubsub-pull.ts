import type { World } from '@inlet/sync/world'
import * as z from 'zod'
import { withDeadline } from '../with-deadline.ts'
import { decodePush, type ParsedPush } from './push.ts'

/** Pub/Sub without a public address: we ask for the notifications that a push subscription would post. */
export type PullReaderConfig = {
  /** `projects/P/subscriptions/S`, a pull subscription on the watch's topic. */
  subscription: string
  /** Default https://pubsub.googleapis.com */
  baseUrl?: string
  /** Of a service account with the role Pub/Sub Subscriber; null where none is needed (an emulator). */
  accessToken: (signal: AbortSignal) => Promise<string | null>
  /** Makes the notification durable. What it throws leaves the notification unacknowledged, and it comes again (I6). */
  onPush: (push: ParsedPush) => Promise<void>
  /** Told of each failed round; the reader goes on by itself. */
  onError?: (error: Error) => void
}

/** Google holds an empty pull open for up to 90 s. */
const PULL_MS = 120_000
const ACK_MS = 15_000
const MESSAGES_MAX = 100
/** After an empty answer: an emulator that does not hold the request open is asked this often. */
const IDLE_MS = 1_000
const BACKOFF_BASE_MS = 1_000
const BACKOFF_CAP_MS = 60_000

const Pulled = z.object({
  receivedMessages: z
    .array(z.object({ ackId: z.string(), message: z.looseObject({}).optional() }))
    .max(10_000)
    .default([]),
})

/** Reads until aborted; then resolves. Failures are met with backoff and full jitter and never end it. */
export async function readPubSub(config: PullReaderConfig, world: World, signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      const handled = await round(config, signal)
      failures = 0
      if (handled === 0) await world.sleep(IDLE_MS, signal)
    } catch (error) {
      if (signal.aborted) return
      failures += 1
      config.onError?.(error instanceof Error ? error : new Error(String(error)))
      const bound = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(failures, 10))
      await world.sleep(BACKOFF_BASE_MS + world.random() * bound, signal).catch(() => {})
    }
  }
}

/** One pull: each notification is made durable, and only then acknowledged. */
async function round(config: PullReaderConfig, signal: AbortSignal): Promise<number> {
  const answer = Pulled.safeParse(await post(config, 'pull', { maxMessages: MESSAGES_MAX }, PULL_MS, signal))
  if (!answer.success) throw new Error('Pub/Sub answered a pull that cannot be read.')
  const done: string[] = []
  let failed: unknown = null
  for (const { ackId, message } of answer.data.receivedMessages) {
    try {
      await config.onPush(
        decodePush({ headers: new Headers(), body: JSON.stringify({ message: message ?? {} }) }),
      )
      done.push(ackId)
    } catch (error) {
      failed = error
      break
    }
  }
  if (done.length > 0) await post(config, 'acknowledge', { ackIds: done }, ACK_MS, signal)
  if (failed) throw failed
  return done.length
}

async function post(
  config: PullReaderConfig,
  action: string,
  body: object,
  ms: number,
  signal: AbortSignal,
): Promise<unknown> {
  const url = new URL(
    `/v1/${config.subscription}:${action}`,
    config.baseUrl ?? 'https://pubsub.googleapis.com',
  )
  const token = await config.accessToken(signal)
  return await withDeadline(signal, ms, async inner => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== null && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: inner,
    })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(
        `Pub/Sub answered ${response.status} to ${action} on ${config.subscription}. Check that the subscription exists and that the service account has the role Pub/Sub Subscriber.`,
      )
    }
    return await response.json()
  })
}
