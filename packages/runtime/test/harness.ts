import { randomBytes } from 'node:crypto'
import { createFeedReader } from '@inlet/db/feed'
import { createPool } from '@inlet/db/pool'
import { createStore } from '@inlet/db/store'
import { createVault } from '@inlet/db/vault'
import type { Change } from '@inlet/protocol/changes'
import { localBus } from '@inlet/realtime/bus-local'
import { connectAccount } from '@inlet/sync/connect-account'
import type { Engine, MailProvider } from '@inlet/sync/engine'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection, ProviderPort } from '@inlet/sync/provider-port'
import { newId } from '@inlet/sync/row-id'
import { Runner } from '@inlet/sync/runner'
import type { Lane } from '@inlet/sync/store-port'
import { FakeProvider } from '@inlet/testkit/fake-provider'
import { cloneDatabase } from '@inlet/testkit/postgres'
import type {} from '@inlet/testkit/postgres-global'
import { inject } from 'vitest'

/** A clock that only tests move; sleeping is real but short, so that loops go round. */
export class TestClock {
  offset = 0
  now = () => Date.now() + this.offset
  random = () => 0.5
  advance(ms: number): void {
    this.offset += ms
  }
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, Math.min(ms, 20))
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(signal.reason)
      })
    })
  }
}

/** One engine over a real Postgres and a fake mailbox. */
export const engineWorld = () => engineWorldOver(new FakeProvider())

/** `given`: the grant, where it is not one of tokens that are made up here; `keeping`: what keeps it alive, likewise. */
export async function engineWorldOver<P extends ProviderPort>(
  mailbox: P,
  given?: Record<string, string | number | null>,
  keeping?: Omit<MailProvider, 'port'>,
) {
  const database = await cloneDatabase(inject('postgresUrl'))
  const pool = createPool({ url: database.url })
  const vault = createVault({ current: 'test', keys: { test: randomBytes(32) } })
  const clock = new TestClock()
  const store = createStore({ pool, vault, world: clock })
  const feed = createFeedReader(pool)
  const grant = { refreshes: 0, revoked: false }
  const provider: MailProvider = {
    port: mailbox,
    async refresh(old) {
      grant.refreshes += 1
      if (grant.revoked)
        throw new ProviderError('unauthorized', 'The grant was revoked.', { reconnect: true })
      return {
        data: { ...old.data, accessToken: `access-${grant.refreshes}`, expiresAt: clock.now() + 3_600_000 },
      }
    },
    token: ({ data }) => ({ accessToken: String(data.accessToken), expiresAt: Number(data.expiresAt) }),
    revoke: async () => {},
    ...keeping,
  }
  const logged: { level: string; fields: object; message: string }[] = []
  const log = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, fields, message })
  const engine: Engine = {
    store,
    bus: localBus(),
    world: clock,
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    providers: new Map([[mailbox.provider, provider]]),
    callbackUrl: () => null,
  }
  const userId = newId()
  await pool.query(`INSERT INTO "user" (id, name, email) VALUES ($1, 'Test', $2)`, [
    userId,
    `${userId}@example.com`,
  ])
  const access = given ?? {
    accessToken: 'access-0',
    refreshToken: 'refresh-secret',
    expiresAt: clock.now() + 3_600_000,
  }
  const signal = AbortSignal.timeout(60_000)
  const { accountId } = await connectAccount(
    engine,
    { userId, provider: mailbox.provider, grant: { data: access } },
    signal,
  )

  return {
    engine,
    store,
    feed,
    pool,
    clock,
    mailbox,
    grant,
    logged,
    userId,
    accountId,
    signal,
    runner: new Runner(engine),
    /** Runs everything that is due. */
    drain: () => new Runner(engine).drain(signal),
    mark: (lanes: Lane[] = ['live']) => store.mark({ accountId, lanes }, 'push', clock.now()),
    /** From now on every pull reads the account's token first, as adapters do at each request. */
    usesTokens() {
      const pull = mailbox.pull.bind(mailbox)
      mailbox.pull = async function* (conn, resource, cursor, until) {
        await (conn as Connection).accessToken(until)
        yield* pull(conn, resource, cursor, until)
      }
    },
    async close() {
      await pool.end()
      await database.drop()
    },
  }
}
export type EngineWorld = Awaited<ReturnType<typeof engineWorld>>

/** What a mirror would hold after following the feed from the beginning, and every seq it met on the way. */
export async function follow(world: Pick<EngineWorld, 'feed' | 'userId'>, from = 0) {
  const rows = new Map<string, Change>()
  const seqs: number[] = []
  let after = from
  for (;;) {
    const page = await world.feed.follow(world.userId, after, 100)
    for (const change of page.changes) {
      seqs.push(change.seq)
      if (change.op === 'delete') rows.delete(`${change.kind} ${change.id}`)
      else rows.set(`${change.kind} ${change.id}`, change)
    }
    after = page.next
    if (!page.more) return { rows, seqs, cursor: after }
  }
}

/** Subject → what is seen of each stored message, in the provider's terms. */
export async function storedMail(world: EngineWorld) {
  const { rows } = await world.pool.query(
    `SELECT provider_id, subject, unread, starred FROM message WHERE user_id = $1 ORDER BY provider_id`,
    [world.userId],
  )
  return rows as { provider_id: string; subject: string; unread: boolean; starred: boolean }[]
}

export function providersMail(world: EngineWorld) {
  return [...world.mailbox.messages.values()]
    .map(({ id, subject, unread, starred }) => ({ provider_id: id, subject, unread, starred }))
    .sort((a, b) => (a.provider_id < b.provider_id ? -1 : 1))
}
