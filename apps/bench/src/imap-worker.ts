import { drainSearchQueue } from '@inlet/db/search-index'
import { benchEngine } from './bench-engine.ts'
import { grantFor, type ImapAccess, localImap } from './imap-access.ts'
import { fetchImap } from './peers/fetch-imap.ts'

/** With a database: through the engine into it. Without: the bare loop. */
export type ImapOrder = { access: ImapAccess; databaseUrl: string | null }
export type ImapTold =
  | {
      messages: number
      seconds: number
      searchS: number
      /** The most that was resident since the process began, bytes. */
      peakBytes: number
    }
  | { error: string }

const LIMIT_MS = 10 * 60_000

process.on('message', (order: ImapOrder) => {
  void work(order).then(
    told => process.send?.(told),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))

async function work({ access, databaseUrl }: ImapOrder): Promise<ImapTold> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  const done = databaseUrl === null ? await loop(access, signal) : await store(access, databaseUrl, signal)
  return { ...done, peakBytes: process.resourceUsage().maxRSS * 1024 }
}

async function loop(access: ImapAccess, signal: AbortSignal) {
  const began = performance.now()
  const messages = await fetchImap(access, signal)
  return { messages, seconds: (performance.now() - began) / 1000, searchS: 0 }
}

async function store(access: ImapAccess, databaseUrl: string, signal: AbortSignal) {
  const adapter = localImap(access.certificate)
  const engine = await benchEngine({ databaseUrl, provider: 'imap', adapter, access: grantFor(access) })
  try {
    const began = performance.now()
    await engine.drain(signal)
    const seconds = (performance.now() - began) / 1000
    const messages = await engine.engine.store.storedCount(engine.accountId)
    const beganSearch = performance.now()
    await drainSearchQueue(engine.pool, engine.userId)
    return { messages, seconds, searchS: (performance.now() - beganSearch) / 1000 }
  } finally {
    await adapter.close()
    await engine.close()
  }
}
