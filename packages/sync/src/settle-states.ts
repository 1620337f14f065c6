import { againAt, type Save } from './settle.ts'
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

/**
 * What places say counts only once they have been compared: when to ask again whether all folders have, or null when they
 * have.
 */
export async function othersEnd(
  { engine, claim, world }: Work,
  { startedAt }: ListingCursor,
): Promise<number | null> {
  const lanes = (await engine.store.account(claim.accountId))?.resources ?? []
  const listed = lanes.some(
    ({ key, lane, cursor }) => lane === 'listing' && cursor !== null && key !== claim.key,
  )
  return listed ? againAt(startedAt, world.now()) : null
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
