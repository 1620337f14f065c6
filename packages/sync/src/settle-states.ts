import type { Save } from './settle.ts'
import type { ListingCursor } from './store-port.ts'
import type { Work } from './work.ts'

/** Derived anew at a time. */
const PIECE = 200

/**
 * Messages that are not what their places make of them, in pieces; each is to be derived anew before the next is asked
 * for. Both are written together, so that is no change on its way: a folder's role is another, or something went wrong.
 */
export async function* disagreeing(
  { engine, claim }: Pick<Work, 'engine' | 'claim'>,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  for (let after = ''; ; ) {
    signal.throwIfAborted()
    const ids = await engine.store.disagreeing(claim.accountId, after, PIECE)
    if (ids.length === 0) return
    yield ids
    after = ids.at(-1) ?? ''
  }
}

/** A comparison's look at them, after what lies nowhere. */
export async function settleStates(
  work: Work,
  state: ListingCursor,
  save: Save,
  signal: AbortSignal,
): Promise<void> {
  let at = state
  for await (const again of disagreeing(work, signal)) at = await save(at, { again, tallied: true })
}
