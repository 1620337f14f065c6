import type { Store } from '@inlet/sync/store-port'
import type { Context } from './bench.ts'
import { type BenchEngine, benchEngine } from './bench-engine.ts'
import type { BenchPostgres } from './postgres.ts'

/** A mailbox that its engine follows, and to which mail comes. */
export type GrowingMailbox = {
  /** New messages at the provider, then its doorbell: how long until all are committed, and what was asked of it. */
  arrive(count: number, signal: AbortSignal): Promise<{ ms: number; requests: number }>
}

/** Where a mailbox lies. */
export type Provider = Pick<Parameters<typeof benchEngine>[0], 'provider' | 'adapter' | 'access'> & {
  deliver(count: number): Promise<unknown>
  /** Counts what is asked of it from now on, until the number is wanted. */
  counting(): Promise<() => Promise<number>>
  end?(): Promise<void>
}

/** Connects the mailbox and stores what is in it, by the engine's own backfill. */
export async function growingMailbox(
  context: Context,
  postgres: BenchPostgres,
  { deliver, counting, end, ...provider }: Provider,
  size: number,
): Promise<GrowingMailbox> {
  const database = await postgres.fresh()
  context.onEnd(() => database.drop())
  const committed = { at: Number.NaN, messages: 0 }
  const engine = await benchEngine({ ...provider, databaseUrl: database.url, around: watching(committed) })
  context.onEnd(async () => {
    await end?.()
    await engine.close()
  })
  await engine.drain(context.signal)
  const stored = await engine.engine.store.storedCount(engine.accountId)
  if (stored !== size) throw new Error(`The backfill stored ${stored} of ${size} messages.`)
  // As it would be by then: statistics as autovacuum leaves them, and nothing that waits to be written.
  await engine.pool.query('VACUUM ANALYZE')
  await engine.pool.query('CHECKPOINT')
  const inbox = await inboxOf(engine)
  const { store, world } = engine.engine
  return {
    async arrive(count, signal) {
      await deliver(count)
      const requests = await counting()
      committed.messages = 0
      const began = performance.now()
      await store.mark({ resourceId: inbox }, 'push', world.now())
      await engine.drain(signal)
      if (committed.messages !== count)
        throw new Error(`${committed.messages} of ${count} new messages were committed.`)
      return { ms: committed.at - began, requests: await requests() }
    },
  }
}

/** When messages were last committed, and how many. */
const watching =
  (committed: { at: number; messages: number }) =>
  (store: Store): Store => ({
    ...store,
    async commit(batch) {
      const done = await store.commit(batch)
      if (done.upserts > 0) {
        committed.at = performance.now()
        committed.messages += done.upserts
      }
      return done
    },
  })

/** The resource that the provider's doorbell marks. */
async function inboxOf({ pool, accountId }: BenchEngine): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM resource
      WHERE account_id = $1 AND lane = 'live'
        AND key IN ('mailbox', (SELECT provider_id FROM label WHERE account_id = $1 AND role = 'inbox'))`,
    [accountId],
  )
  const [row] = rows
  if (!row || rows.length > 1) throw new Error('It is not known which resource the doorbell rings for.')
  return row.id
}
