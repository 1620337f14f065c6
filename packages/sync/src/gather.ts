import type { Connection, Fetched, FetchOptions, ProviderPort, PulledMessage } from './provider-port.ts'
import { backoffMs } from './retry.ts'
import type { World } from './world.ts'

/** What fetching some ids has brought: a piece of a Batch. */
export type Gathered = {
  upserts: PulledMessage[]
  missing: string[]
  failures: { id: string; code: string; message: string; retryAt: number }[]
}

const ITEM_BASE_MS = 30_000
const ITEM_CAP_MS = 6 * 60 * 60_000

/**
 * Fetches ids and yields what came in pieces of at most `size` outcomes, so that a long fetch is stored as it goes.
 * An item that cannot be had becomes a failure with its next attempt; it holds nobody else up (I10).
 */
export async function* gather(
  source: { port: ProviderPort; conn: Connection; key: string; world: World },
  ids: string[],
  options: FetchOptions & { size: number; attempts?: ReadonlyMap<string, number> },
  signal: AbortSignal,
): AsyncGenerator<Gathered & { count: number }> {
  if (ids.length === 0) return
  let piece = empty()
  for await (const fetched of source.port.fetch(source.conn, source.key, ids, options, signal)) {
    add(piece, fetched, options.attempts?.get(fetched.id) ?? 0, source.world)
    if (piece.count >= options.size) {
      yield piece
      piece = empty()
    }
  }
  if (piece.count > 0) yield piece
}

const empty = () => ({ upserts: [], missing: [], failures: [], count: 0 }) as Gathered & { count: number }

function add(piece: Gathered & { count: number }, fetched: Fetched, attempts: number, world: World): void {
  piece.count += 1
  if (fetched.outcome === 'message') piece.upserts.push(fetched.message)
  else if (fetched.outcome === 'missing') piece.missing.push(fetched.id)
  else {
    const wait = Math.max(ITEM_BASE_MS, backoffMs(attempts + 1, world.random(), ITEM_BASE_MS, ITEM_CAP_MS))
    const retryAt = Math.max(world.now() + wait, fetched.retryAt ?? 0)
    piece.failures.push({ id: fetched.id, code: fetched.code, message: fetched.message, retryAt })
  }
}
