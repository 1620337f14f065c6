import type { Bus, Ring } from '@inlet/sync/bus-port'
import pg from 'pg'
import { type BusOptions, settleBusOptions } from './bus-options.ts'
import { withDeadline } from './deadline.ts'
import { keepConnected } from './keep-connected.ts'
import { RingBatch } from './ring-batch.ts'
import { decodeRings, encodeRings } from './ring-codec.ts'
import { RingListeners } from './ring-listeners.ts'

/**
 * Rings over LISTEN/NOTIFY, on one connection of its own.
 *
 * NOTIFY takes a lock on the whole database at commit, so it never runs inside a sync transaction: a ring comes
 * after the commit, alone, and all rings of one turn go in one statement.
 * LISTEN belongs to a server session: the address must be a direct one, not a pooler in transaction mode.
 */
export function postgresBus(options: BusOptions & { databaseUrl: string }): Bus {
  const settled = settleBusOptions(options)
  const { channel, world, timeoutMs, probeMs, onTrouble } = settled
  const listeners = new RingListeners(onTrouble)
  const stop = new AbortController()
  let ready: pg.Client | null = null
  let firstAttemptOver = () => {}
  const firstAttempt = new Promise<void>(resolve => {
    firstAttemptOver = resolve
  })

  const connect = async (established: () => void) => {
    const client = new pg.Client({
      connectionString: options.databaseUrl,
      application_name: 'inlet-bus',
      keepAlive: true,
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    })
    const left = new AbortController()
    const over = new Promise<never>((_, reject) => {
      client.on('error', reject)
      client.on('end', () => reject(new Error('The connection to Postgres has ended.')))
      stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { signal: left.signal })
    })
    over.catch(() => {})
    client.on('notification', ({ payload }) => listeners.deliver(decodeRings(payload ?? '')))
    try {
      await Promise.race([client.connect(), over])
      await Promise.race([client.query(`LISTEN ${client.escapeIdentifier(channel)}`), over])
      ready = client
      established()
      firstAttemptOver()
      listeners.setConnected(true)
      for (;;) {
        await Promise.race([world.sleep(probeMs, stop.signal), over])
        await Promise.race([client.query('SELECT 1'), over])
      }
    } finally {
      left.abort()
      ready = null
      firstAttemptOver()
      listeners.setConnected(false)
      // A half-open connection answers no goodbye; end() alone would wait for it.
      await withDeadline(world, 500, 'Leaving Postgres', () => client.end()).catch(() => {})
      destroySocket(client)
    }
  }
  const running = keepConnected('The bus over Postgres', settled, stop.signal, connect)

  const batch = new RingBatch(async (rings: Ring[]) => {
    await firstAttempt
    if (ready === null) return
    const messages = encodeRings(rings)
    try {
      await ready.query('SELECT pg_notify($1, message) FROM unnest($2::text[]) message', [channel, messages])
    } catch (error) {
      onTrouble(`${rings.length} rings over Postgres`, error)
    }
  })

  return {
    ring: ring => (stop.signal.aborted ? Promise.resolve() : batch.add(ring)),
    subscribe: listener => listeners.onRing(listener),
    get connected() {
      return listeners.connected
    },
    onConnected: listener => listeners.onConnected(listener),
    async close() {
      stop.abort(new Error('The bus is closed.'))
      await running
      listeners.clear()
    },
  }
}

/** pg offers no public way to give a connection up at once; its stream is there, but not in its types. */
function destroySocket(client: pg.Client): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy?(): void } } }
  connection?.stream?.destroy?.()
}
