import { emptyBatch } from './batch.ts'
import { type AccountConnection, connect } from './connection.ts'
import { announce, type Engine, providerOf } from './engine.ts'
import type { ProviderPort } from './provider-port.ts'
import type { Batch, Claim } from './store-port.ts'
import type { Found } from './tally.ts'
import type { World } from './world.ts'

/** One claim at work: its provider, and a commit that keeps the cursor's version in step. */
export type Work = {
  engine: Engine
  claim: Claim
  port: ProviderPort
  conn: AccountConnection
  key: string
  world: World
  upserts: number
  deletions: number
  /** Commits under the claim's lease and rings. Throws StaleLease when somebody else holds it now. */
  commit(part: Partial<Batch>): Promise<Found>
}

export function workOn(engine: Engine, claim: Claim): Work {
  const work: Work = {
    engine,
    claim,
    port: providerOf(engine, claim.provider).port,
    conn: connect(engine, claim),
    key: claim.key,
    world: engine.world,
    upserts: 0,
    deletions: 0,
    async commit(part) {
      const committed = await engine.store.commit({
        ...emptyBatch(claim, engine.world),
        cursorVersion: version,
        ...(work.port.placed && { placed: true }),
        ...part,
      })
      version = committed.cursorVersion
      work.upserts += committed.upserts
      work.deletions += committed.deletions
      await announce(engine, committed)
      return committed.found
    },
  }
  let version = claim.cursorVersion
  return work
}
