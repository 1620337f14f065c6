import type { Batch, Claim } from './store-port.ts'
import type { World } from './world.ts'

/** A batch of this claim that says nothing yet. */
export function emptyBatch(claim: Claim, world: World): Batch {
  return {
    lease: claim.lease,
    cursorVersion: claim.cursorVersion,
    userId: claim.userId,
    accountId: claim.accountId,
    now: world.now(),
    upserts: [],
    patches: [],
    deletions: [],
    missing: [],
    labels: null,
    failures: [],
  }
}
