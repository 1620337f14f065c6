import { expect, test, vi } from 'vitest'
import { codeOf, mailError } from '../src/imap/errors.ts'
import { createPool } from '../src/imap/pool.ts'
import type { Session } from '../src/imap/session.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { manualWorld, never } from './imap-world.ts'

const ACCESS = {
  accountId: 'a',
  imap: { host: 'imap.example.org', port: 993, security: 'tls' },
  smtp: null,
  user: 'ann',
  secret: async () => ({ password: 'p' }),
} as const

/** As much of a session as the pool looks at. */
function fakeSession(): Session {
  const gone = Promise.withResolvers<void>()
  const session = {
    client: { mailbox: false },
    closed: false,
    ended: gone.promise,
    destroy() {
      session.closed = true
      gone.resolve()
    },
    close: async () => session.destroy(),
    run: async () => undefined,
  }
  return session as unknown as Session
}

test('who waits for a connection longer than the limit is told so, and whoever comes later is served', async () => {
  const { world, advance } = manualWorld()
  const settings = withDefaults({ maxConnections: 1, waitMs: 1_000 })
  const pool = createPool(ACCESS, { settings, world }, async () => fakeSession())
  const holder = await pool.lease('live', never)
  const waits = pool.lease('interactive', never).catch(error => error)
  await advance(999)
  expect(pool.stats().waiting).toBe(1)
  await advance(1)
  expect(codeOf(await waits)).toBe('too_many_connections')
  expect(pool.stats().waiting).toBe(0)
  const later = pool.lease('live', never)
  holder.release()
  const lease = await later
  // The limit is for waiting, not for holding.
  await advance(5_000)
  expect(lease.session.closed).toBe(false)
  lease.release()
  await pool.close()
})

test('after a failure the next attempt to connect waits, longer each time, until one succeeds', async () => {
  const { world, advance } = manualWorld()
  const down = mailError({ code: 'connection_refused', kind: 'transient', sentence: 'Down.' }, 'connect')
  const open = vi.fn<(...all: unknown[]) => Promise<Session>>(() => Promise.reject(down))
  const pool = createPool(ACCESS, { settings: withDefaults(), world }, open)
  const waited: number[] = []
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const calls = open.mock.calls.length
    const asked = pool.lease('live', never).catch(error => error)
    let ms = 0
    for (; open.mock.calls.length === calls; ms += 125) await advance(125)
    waited.push(ms)
    expect(await asked).toBe(down)
  }
  expect(waited.slice(0, 5)).toEqual([0, 375, 750, 1_500, 3_000])
  expect(waited.at(-1)).toBe(45_000)
  open.mockImplementation(async () => fakeSession())
  const asked = pool.lease('live', never)
  await advance(60_000)
  const lease = await asked
  lease.session.destroy()
  lease.release()
  // It stood, so what comes after is no repetition.
  const calls = open.mock.calls.length
  const next = await pool.lease('live', never)
  expect(open.mock.calls.length).toBe(calls + 1)
  next.release()
  await pool.close()
})

test('closing ends the wait for the next attempt, too', async () => {
  const { world } = manualWorld()
  const down = mailError({ code: 'connection_refused', kind: 'transient', sentence: 'Down.' }, 'connect')
  const pool = createPool(ACCESS, { settings: withDefaults(), world }, () => Promise.reject(down))
  expect(await pool.lease('live', never).catch(error => error)).toBe(down)
  const waits = pool.lease('live', never).catch(error => error)
  await pool.close()
  expect(codeOf(await waits)).toBe('server_closed')
})
