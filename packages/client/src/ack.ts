import type { Seq } from '@inlet/protocol/seq'
import type { Http } from './http.ts'
import type { World } from './world.ts'

export const ACK_EVERY_MS = 5_000

export interface Acks {
  applied(seq: Seq): void
  stop(): void
}

/** Tells the server what is on screen, for its latency figures: at most one request in 5 s, none if one fails. */
export function createAcks(http: Http, world: Pick<World, 'setTimer'>): Acks {
  const aborter = new AbortController()
  let latest: Seq | null = null
  let cancelTimer: (() => void) | null = null

  function send() {
    cancelTimer = null
    if (latest === null) return
    const body = { applied: latest }
    latest = null
    cancelTimer = world.setTimer(send, ACK_EVERY_MS)
    // Figures only: the next ack says more than a repetition of this one.
    http
      .request({ path: '/api/changes/ack', method: 'POST', body, schema: null, signal: aborter.signal })
      .catch(() => {})
  }

  return {
    applied(seq) {
      latest = seq
      if (!cancelTimer) send()
    },
    stop() {
      cancelTimer?.()
      aborter.abort()
    },
  }
}
