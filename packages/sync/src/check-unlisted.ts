import { gather } from './gather.ts'
import type { Listing } from './provider-port.ts'
import type { Work } from './work.ts'

/** Suspects looked up at a time. */
const CHECK = 200

/**
 * Looks up some of what is stored, should be in a set, and was not met there: the provider's word on each message
 * decides, never its absence (I7). Each is met by that. False when there was none left.
 */
export async function checkUnlisted(
  work: Work,
  { name, labelId }: Pick<Listing, 'name' | 'labelId'>,
  storedBefore: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { lease } = work.claim
  const suspects = await work.engine.store.unlisted(lease.resourceId, name, labelId, storedBefore, CHECK)
  const options = { bodies: true, priority: 'backfill', size: CHECK } as const
  for await (const { upserts, missing, failures } of gather(work, suspects, options, signal)) {
    const ids = [...upserts, ...failures].map(item => item.id).concat(missing)
    await work.commit({ upserts, missing, failures, heals: false, seen: { listing: name, ids } })
  }
  return suspects.length > 0
}
