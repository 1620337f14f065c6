import { ahead } from './ahead.ts'
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

type Piece = Gathered & { count: number }
type Source = { port: ProviderPort; conn: Connection; key: string; world: World }
type Options = FetchOptions & { size: number; attempts?: ReadonlyMap<string, number> }

/**
 * Fetches ids and yields what came in pieces of at most `size` outcomes, so that a long fetch is stored as it goes: the
 * next piece is under way while one is stored. An item that cannot be had becomes a failure with its next attempt; it
 * holds nobody else up (I10).
 */
export async function* gather(
  source: Source,
  ids: string[],
  options: Options,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  if (ids.length === 0) return
  // What fits into one piece has nothing to come after it.
  if (ids.length <= options.size) yield* pieces(source, ids, options, signal)
  else yield* ahead(until => pieces(source, ids, options, until), 1, signal)
}

async function* pieces(
  source: Source,
  ids: string[],
  options: Options,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
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

const empty = () => ({ upserts: [], missing: [], failures: [], count: 0 }) as Piece

function add(piece: Piece, fetched: Fetched, attempts: number, world: World): void {
  piece.count += 1
  if (fetched.outcome === 'message') piece.upserts.push(fetched.message)
  else if (fetched.outcome === 'missing') piece.missing.push(fetched.id)
  else {
    const wait = Math.max(ITEM_BASE_MS, backoffMs(attempts + 1, world.random(), ITEM_BASE_MS, ITEM_CAP_MS))
    const retryAt = Math.max(world.now() + wait, fetched.retryAt ?? 0)
    piece.failures.push({ id: fetched.id, code: fetched.code, message: fetched.message, retryAt })
  }
}
