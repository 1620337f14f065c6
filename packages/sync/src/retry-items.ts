import { gather } from './gather.ts'
import type { RunEnd } from './store-port.ts'
import type { Work } from './work.ts'

const AT_ONCE = 100
const AGAIN_MS = 1_000

/** The items lane: failed items that are due, fetched again; each outcome is stored on its own (I10). */
export async function retryItems(work: Work, signal: AbortSignal): Promise<RunEnd> {
  const { store, world } = work.engine
  const { accountId } = work.claim
  const items = await store.dueItems(accountId, world.now(), AT_ONCE)
  const attempts = new Map(items.map(item => [item.id, item.attempts]))
  const options = { bodies: true, priority: 'live', size: 20, attempts } as const
  for await (const { upserts, missing, failures } of gather(work, [...attempts.keys()], options, signal)) {
    await work.commit({ upserts, missing, failures, heals: attempts })
  }
  const at = await store.nextItemAt(accountId)
  // What came older than what is stored is still due: asked for again, but not at once.
  return at === null ? { ok: true } : { ok: true, again: { at: Math.max(at, world.now() + AGAIN_MS) } }
}
