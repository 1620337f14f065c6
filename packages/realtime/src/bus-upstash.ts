import type { Bus, Ring } from '@inlet/sync/bus-port'
import { Redis } from '@upstash/redis'
import { type BusOptions, settleBusOptions } from './bus-options.ts'
import { DeadlineExceeded, withDeadline } from './deadline.ts'
import { keepConnected } from './keep-connected.ts'
import { RingBatch } from './ring-batch.ts'
import { decodeRings, encodeRings } from './ring-codec.ts'
import { RingListeners } from './ring-listeners.ts'
import { sseData } from './sse-data.ts'

export interface UpstashAddress {
  /** https://….upstash.io */
  url: string
  token: string
}

/** Rings go out this many at once; each is one request. */
const PUBLISH_TOGETHER = 50

/**
 * Rings over Upstash's REST interface, where there is no TCP to Redis: publishing by request, listening by its
 * event stream. The stream is read here and not by the library's `subscribe`, which says nothing when it ends.
 * Listening begins with the first subscriber: a function that only rings opens no stream.
 */
export function upstashBus(options: BusOptions & { upstash: UpstashAddress }): Bus {
  const settled = settleBusOptions(options)
  const { channel, world, timeoutMs, probeMs, onTrouble } = settled
  const url = options.upstash.url.replace(/\/+$/, '')
  const listeners = new RingListeners(onTrouble)
  const stop = new AbortController()
  // Probing over REST is reconnecting, so it is done more rarely than over TCP.
  const silenceMs = probeMs * 4
  let listening: Promise<void> | null = null
  const redis = new Redis({
    url,
    token: options.upstash.token,
    automaticDeserialization: false,
    enableTelemetry: false,
    retry: { retries: 1, backoff: () => 100 },
    signal: () => AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]),
  })

  const listen = async (established: () => void) => {
    const inner = new AbortController()
    const onStop = () => inner.abort(stop.signal.reason)
    stop.signal.addEventListener('abort', onStop, { once: true })
    try {
      const response = await withDeadline(
        world,
        timeoutMs,
        'Subscribing over Upstash',
        () =>
          fetch(`${url}/subscribe/${encodeURIComponent(channel)}`, {
            method: 'POST',
            headers: { Authorization: `Bearer ${options.upstash.token}`, Accept: 'text/event-stream' },
            signal: inner.signal,
          }),
        stop.signal,
      )
      if (!response.ok || response.body === null)
        throw new Error(`Upstash answered ${response.status} to a subscription: check the URL and the token.`)
      const lines = sseData(response.body)
      for (;;) {
        const next = await withDeadline(
          world,
          silenceMs,
          'Waiting for Upstash',
          () => lines.next(),
          stop.signal,
        )
        if (next.done) throw new Error('Upstash ended the subscription.')
        const [kind, , payload] = splitFrame(next.value)
        if (kind === 'subscribe') {
          established()
          listeners.setConnected(true)
        } else if (kind === 'message') listeners.deliver(decodeRings(payload))
      }
    } catch (error) {
      // Whether it sends anything while nothing is rung is not documented: a silent stream is made anew,
      // which costs a request, and the hub's sweep finds what was rung in between.
      if (!(error instanceof DeadlineExceeded)) throw error
    } finally {
      stop.signal.removeEventListener('abort', onStop)
      inner.abort()
      listeners.setConnected(false)
    }
  }

  const batch = new RingBatch(async (rings: Ring[]) => {
    const messages = encodeRings(rings)
    try {
      for (let i = 0; i < messages.length; i += PUBLISH_TOGETHER) {
        const pipeline = redis.pipeline()
        for (const message of messages.slice(i, i + PUBLISH_TOGETHER)) pipeline.publish(channel, message)
        await pipeline.exec()
      }
    } catch (error) {
      onTrouble(`${rings.length} rings over Upstash`, error)
    }
  })

  return {
    ring: ring => (stop.signal.aborted ? Promise.resolve() : batch.add(ring)),
    subscribe(listener) {
      if (!stop.signal.aborted)
        listening ??= keepConnected('The bus over Upstash', settled, stop.signal, listen)
      return listeners.onRing(listener)
    },
    get connected() {
      return listeners.connected
    },
    onConnected: listener => listeners.onConnected(listener),
    async close() {
      stop.abort(new Error('The bus is closed.'))
      await listening
      listeners.clear()
    },
  }
}

/** `message,<channel>,<payload>`: the payload may hold commas, the channel (see bus-options) may not. */
function splitFrame(data: string): [kind: string, channel: string, payload: string] {
  const first = data.indexOf(',')
  const second = data.indexOf(',', first + 1)
  if (first < 0 || second < 0) return [data, '', '']
  return [data.slice(0, first), data.slice(first + 1, second), data.slice(second + 1)]
}
