import { Attendance } from '@inlet/sync/attend'
import { newId } from '@inlet/sync/row-id'
import { Runner } from '@inlet/sync/runner'
import { openEngine } from './bench-engine.ts'
import { grantFor, type ImapAccess, localImap } from './imap-access.ts'

/** The first ones are connected before the measuring begins: code and pools are there by then. */
export type IdleOrder = { databaseUrl: string; first: ImapAccess[]; measured: ImapAccess[] }
/** What each of the measured accounts adds, bytes. */
export type IdleTold = { rssBytes: number; heapBytes: number } | { error: string }

const LIMIT_MS = 4 * 60_000
/** So soon a connection is closed that nobody uses: the first sync's are gone before the measuring. */
const IDLE_MS = 1_000
const QUIET_MS = 3_000
const CONNECTS = 8

process.once('message', (order: IdleOrder) => {
  measure(order).then(
    told => process.send?.(told),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))

async function measure({ databaseUrl, first, measured }: IdleOrder): Promise<IdleTold> {
  const limit = AbortSignal.timeout(LIMIT_MS)
  const adapter = localImap(first[0]?.certificate ?? '', { idleMs: IDLE_MS })
  const opened = openEngine({ databaseUrl, provider: 'imap', adapter })
  const runner = new Runner(opened.engine)
  const attendance = new Attendance(opened.engine, { workerId: newId(), onMark: () => runner.kick() })
  const stopping = new AbortController()
  const running = Promise.all([runner.run(stopping.signal), attendance.run(stopping.signal)])
  let all = 0
  const attend = async (accesses: ImapAccess[]) => {
    const left = [...accesses]
    const connect = async () => {
      for (let access = left.pop(); access; access = left.pop()) await opened.connect(grantFor(access))
    }
    await Promise.all(Array.from({ length: CONNECTS }, connect))
    all += accesses.length
    runner.kick()
    while (attendance.figures.attending !== all) await pause(200, limit)
    while ((await due(opened.pool)) > 0) await pause(200, limit)
    await pause(IDLE_MS + QUIET_MS, limit)
    return held()
  }
  const before = await attend(first)
  const after = await attend(measured)
  stopping.abort(new Error('measured'))
  await running
  await adapter.close()
  await opened.close()
  return {
    rssBytes: (after.rss - before.rss) / measured.length,
    heapBytes: (after.heap - before.heap) / measured.length,
  }
}

/** What is due now or at work. */
async function due(pool: { query(sql: string, values: unknown[]): Promise<unknown> }): Promise<number> {
  const { rows } = (await pool.query(
    'SELECT count(*)::int4 AS n FROM resource WHERE lease_token IS NOT NULL OR due_at <= $1',
    [Date.now()],
  )) as { rows: { n: number }[] }
  return rows[0]?.n ?? 0
}

/** After the collector has been asked twice: what the first time frees, the second gives back. */
function held() {
  globalThis.gc?.()
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}

function pause(ms: number, limit: AbortSignal): Promise<void> {
  limit.throwIfAborted()
  return new Promise(resolve => setTimeout(resolve, ms))
}
