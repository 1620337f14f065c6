import { realWorld } from '@inlet/sync/world'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PullReaderConfig, readPubSub } from '../src/gmail/pubsub-pull.ts'
import type { ParsedPush } from '../src/gmail/push.ts'
import { type SandboxWorld, sandboxWorld } from './sandbox-world.ts'

const never = new AbortController().signal
/** Waits shrink to nothing, so that backoff takes no time; everything else is real. */
const hasty = {
  ...realWorld,
  sleep: (ms: number, signal?: AbortSignal) => realWorld.sleep(Math.min(ms, 5), signal),
}

describe('notifications without a public address', () => {
  let world: SandboxWorld
  beforeAll(async () => {
    world = await sandboxWorld({ push: null, notificationsPerSecond: 1_000 })
  })
  afterAll(() => world.close())

  /** Reads until `enough` says so; fails after ten seconds. */
  async function readUntil(
    enough: (got: ParsedPush[]) => boolean,
    more: Partial<PullReaderConfig> = {},
  ): Promise<ParsedPush[]> {
    const got: ParsedPush[] = []
    const stop = new AbortController()
    const limit = setTimeout(() => stop.abort(), 10_000)
    const config: PullReaderConfig = {
      subscription: 'projects/inlet-sandbox/subscriptions/gmail-push',
      baseUrl: world.sandbox.url,
      accessToken: async () => null,
      onPush: async push => {
        got.push(push)
        if (enough(got)) stop.abort()
      },
      ...more,
    }
    await readPubSub(config, hasty, stop.signal)
    clearTimeout(limit)
    return got
  }
  const from = (push: ParsedPush) =>
    push.kind === 'notice' && 'mailbox' in push.notice ? push.notice.mailbox : 'nobody'

  test('are pulled, and name the mailbox that rang', async () => {
    const { conn } = await world.newAccount()
    await world.port.watch(conn, 'mailbox', { secret: 's', callbackUrl: null, current: null }, never)
    const got = await readUntil(all => all.some(push => from(push) === conn.email))
    expect(got.map(from)).toContain(conn.email)
  })

  test('that could not be made durable come again', async () => {
    const { conn } = await world.newAccount()
    await world.port.watch(conn, 'mailbox', { secret: 's', callbackUrl: null, current: null }, never)
    const errors: Error[] = []
    const stop = new AbortController()
    const limit = setTimeout(() => stop.abort(), 10_000)
    let times = 0
    await readPubSub(
      {
        subscription: 'projects/inlet-sandbox/subscriptions/gmail-push',
        baseUrl: world.sandbox.url,
        accessToken: async () => null,
        onPush: async push => {
          if (from(push) !== conn.email) return
          times += 1
          if (times === 1) throw new Error('the database is away')
          stop.abort()
        },
        onError: error => {
          errors.push(error)
          // The lease of the failed one lapses.
          world.sandbox.control.advanceClock(60_000)
        },
      },
      hasty,
      stop.signal,
    )
    clearTimeout(limit)
    expect(times).toBe(2)
    expect(errors.map(error => error.message)).toEqual(['the database is away'])
  })

  test('keep being asked for after failures, and each failure is told', async () => {
    const { conn } = await world.newAccount()
    await world.port.watch(conn, 'mailbox', { secret: 's', callbackUrl: null, current: null }, never)
    world.sandbox.control.addFault({ kind: 'reset', match: { path: '/v1/projects/**' }, count: 2 })
    world.sandbox.control.addFault({ kind: 'truncate', match: { path: '/v1/projects/**' }, count: 1 })
    const errors: Error[] = []
    const got = await readUntil(
      all => {
        // What a lost answer took away comes again when its lease lapses.
        world.sandbox.control.advanceClock(60_000)
        return all.some(push => from(push) === conn.email)
      },
      {
        onError: error => {
          errors.push(error)
          world.sandbox.control.advanceClock(60_000)
        },
      },
    )
    expect(got.map(from)).toContain(conn.email)
    expect(errors.length).toBeGreaterThanOrEqual(3)
  })
})
