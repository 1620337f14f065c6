import type { FeedReader } from '@inlet/sync/feed-port'
import type { plan as realPlan } from '@inlet/sync/plan'
import type { placeMessages } from '@inlet/sync/plan-places'
import type { Store } from '@inlet/sync/store-port'
import { createMemoryStore } from '@inlet/testkit/memory-store/memory-store'
import type { MemoryState } from '@inlet/testkit/memory-store/state'
import type { Clock } from './clock.ts'
import type { FaultKind, Faults } from './faults.ts'
import type { Process } from './process.ts'
import type { Random } from './random.ts'

export type DatabaseWorld = {
  clock: Clock
  faults: Faults
  random: Random
  state: MemoryState
  plan: typeof realPlan
  place: typeof placeMessages
  /** Called right after each transaction, in the same step. */
  committed: (name: string) => void
  kill: (process: Process) => void
}

const FAULTS: readonly FaultKind[] = ['slow', 'fail_before', 'fail_after', 'kill_before', 'kill_after']

/**
 * The one database, as one process reaches it: each transaction takes a moment to get there and back, may fail with or
 * without having happened, and the process may die just before or just after it.
 */
export function databaseOf(world: DatabaseWorld, process: Process): { store: Store; feed: FeedReader } {
  const { clock, faults, random, state, plan, place, committed, kill } = world
  const travel = (ms: number) => (ms > 0 ? clock.sleep(ms) : undefined)
  const transaction = <T>(name: string, body: () => T): Promise<T> =>
    process.step(async () => {
      const fault = faults.strike('database', FAULTS)
      await travel(fault === 'slow' ? random.int(1_000, 12_000) : random.int(0, 4))
      if (fault === 'fail_before') throw new Error(`${name}: the connection to the database was lost`)
      if (fault === 'kill_before') kill(process)
      // What was on its way when a process died may or may not arrive.
      if (process.dead && random.chance(0.5)) throw new Error(`${name}: the client is gone`)
      const value = body()
      committed(name)
      if (fault === 'kill_after') kill(process)
      await travel(name === 'follow' && faults.slowPages ? 400 : random.int(0, 3))
      if (fault === 'fail_after')
        throw new Error(`${name}: the connection to the database was lost after the commit`)
      return value
    })
  const now = () => clock.now()
  return createMemoryStore({ state, newId: () => idFrom(random), now, transaction, plan, place })
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** As newId of the engine, but from the seed. */
export function idFrom(random: Random): string {
  let id = ''
  for (let n = 0; n < 16; n++) id += ALPHABET[random.int(0, 63)]
  return id
}
