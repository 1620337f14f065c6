import type { Bus } from '@inlet/sync/bus-port'
import { RingBatch } from './ring-batch.ts'
import { RingListeners } from './ring-listeners.ts'

/** Who hears a local ring. Buses given the same one stand for processes that share a transport. */
export type LocalExchange = Set<RingListeners>

/** A bus within one process: for tests, and where web and worker are one process without Redis or Postgres. */
export function localBus(
  onTrouble: (what: string, error: unknown) => void = () => {},
  exchange: LocalExchange = new Set(),
): Bus {
  const listeners = new RingListeners(onTrouble)
  const batch = new RingBatch(async rings => {
    for (const each of exchange) each.deliver(rings)
  })
  exchange.add(listeners)
  listeners.setConnected(true)
  return {
    ring: ring => (listeners.connected ? batch.add(ring) : Promise.resolve()),
    subscribe: listener => listeners.onRing(listener),
    get connected() {
      return listeners.connected
    },
    onConnected: listener => listeners.onConnected(listener),
    async close() {
      exchange.delete(listeners)
      listeners.setConnected(false)
      listeners.clear()
    },
  }
}
