import type { World } from '@inlet/sync/world'
import { realWorld } from '@inlet/sync/world'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Attending, attendFolder } from '../src/imap/idle.ts'
import { createPool, type Pool } from '../src/imap/pool.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { fakeImap } from './imap-fake-server.ts'
import { accessTo, rawMail, worldFor } from './imap-world.ts'

type Watch = { stop(): Promise<void>; ended: Promise<unknown> }

/** `ended` is what it threw. */
function attend(attending: Attending): Watch {
  const stopping = new AbortController()
  const ended = attendFolder(attending, stopping.signal).catch((error: unknown) => error)
  return {
    ended,
    async stop() {
      stopping.abort(new DOMException('stop', 'AbortError'))
      await ended
    },
  }
}

const SOON = { timeout: 20_000, interval: 10 }

describe.each([
  { how: 'IDLE', hide: [] },
  { how: 'polling', hide: ['IDLE'] },
  { how: 'IDLE without QRESYNC', hide: ['QRESYNC'] },
] as const)('a folder watched by $how', ({ hide }) => {
  let dovecot: DovecotServer
  let pool: Pool
  let watch: Watch
  beforeAll(async () => {
    dovecot = await startDovecot({ hide })
    await dovecot.mailbox().append(rawMail('First'))
  })
  afterEach(async () => {
    dovecot.resume()
    await watch?.stop()
    await pool?.close()
  })
  afterAll(() => dovecot?.stop())

  const start = (more: { world?: World; idleMs?: number } = {}) => {
    const { world = realWorld, ...rest } = more
    pool = createPool(accessTo(dovecot), worldFor(dovecot))
    const onChange = vi.fn()
    watch = attend({ pool, world, path: 'INBOX', onChange, pollMs: 50, ...rest })
    return onChange
  }
  /** Rung for this and not for something before. */
  const rings = async (onChange: ReturnType<typeof vi.fn>, happens: () => Promise<unknown>) => {
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), SOON)
    onChange.mockClear()
    await happens()
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), SOON)
  }

  test('rings for new mail, other flags and expunges, and when it begins', async () => {
    const onChange = start()
    const mailbox = dovecot.mailbox()
    await rings(onChange, () => mailbox.append(rawMail('New')))
    const uid = (await mailbox.uids('INBOX')).at(-1) ?? 0
    await rings(onChange, () => mailbox.flag('INBOX', [uid], { add: ['\\Flagged'] }))
    await rings(onChange, () => mailbox.expunge('INBOX', [uid]))
    expect(pool.stats()).toMatchObject({ open: 1, leased: 1 })
  })

  test('throws when the server goes away, and begins with a ring when it is back', async () => {
    const onChange = start()
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), SOON)
    await dovecot.halt()
    expect(await watch.ended).toMatchObject({ kind: 'transient' })
    expect(pool.stats().leased).toBe(0)
    await dovecot.start()
    const again = start()
    await rings(again, () => dovecot.mailbox().append(rawMail('After')))
  })

  test('ends within two seconds, with the server answering or not, and gives its connection back', async () => {
    const onChange = start()
    await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), SOON)
    await watch.stop()
    expect(pool.stats().leased).toBe(0)
    await pool.close()
    const waited: number[] = []
    const world: World = {
      ...realWorld,
      sleep: (ms, signal) => {
        waited.push(ms)
        return realWorld.sleep(ms, signal)
      },
    }
    const other = start({ world })
    await vi.waitFor(() => expect(other).toHaveBeenCalled(), SOON)
    dovecot.pause()
    waited.length = 0
    await watch.stop()
    // The server is still silent, so that is all there was to wait for.
    expect(Math.max(0, ...waited)).toBeLessThan(2_000)
    expect(pool.stats().leased).toBe(0)
    other.mockClear()
    dovecot.resume()
    await dovecot.mailbox().append(rawMail('Unheard'))
    expect(other).not.toHaveBeenCalled()
  })
})

describe('IDLE', () => {
  test('is issued anew before the time is over, and a burst is one or two rings', async () => {
    const dovecot = await startDovecot({ settings: 'log_debug = category=imap' })
    const pool = createPool(accessTo(dovecot), worldFor(dovecot))
    const lease = await pool.lease('live', new AbortController().signal)
    const idle = vi.spyOn(lease.session.client, 'idle')
    lease.release()
    const slept: number[] = []
    const hurried: World = {
      ...realWorld,
      now: () => realWorld.now() * 1_000,
      sleep: (ms, signal) => {
        slept.push(ms)
        return realWorld.sleep(ms > 60_000 ? 30 : ms, signal)
      },
    }
    const onChange = vi.fn()
    const watch = attend({ pool, world: hurried, path: 'INBOX', onChange })
    try {
      await vi.waitFor(() => expect(idle.mock.calls.length).toBeGreaterThan(3), SOON)
      const most = Math.max(...slept)
      expect(most).toBeGreaterThan(60_000)
      expect(most).toBeLessThan(29 * 60_000)
      onChange.mockClear()
      await dovecot.mailbox().append(rawMail('Heard'))
      await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), SOON)
    } finally {
      await watch.stop()
      await pool.close()
      await dovecot.stop()
    }
  })

  test('that a server ends at once is not asked for in a hurry: the folder is polled', async () => {
    const said: string[] = []
    const count = (word: string) => said.filter(each => each === word).length
    const { port } = await fakeImap({
      capabilities: 'IMAP4rev1 IDLE',
      on: {
        IDLE: ({ send, end }) => {
          said.push('IDLE')
          send('+ idling\r\n')
          end('OK enough')
        },
        NOOP: ({ end }) => {
          said.push('NOOP')
          end('OK done')
        },
      },
    })
    const settings = withDefaults({ allowPrivateHosts: true })
    const imap = { host: 'imap.example.org', port, security: 'none' } as const
    const secret = async () => ({ password: 'p' })
    const pool = createPool(
      { accountId: 'a', imap, smtp: null, user: 'ann', secret },
      { settings, world: realWorld, lookup: async () => ['127.0.0.1'] },
    )
    const watch = attend({ pool, world: realWorld, path: 'INBOX', onChange: () => {}, pollMs: 20 })
    await vi.waitFor(() => expect(count('NOOP')).toBeGreaterThan(5), SOON)
    const [idles, noops] = [count('IDLE'), count('NOOP')]
    await watch.stop()
    await pool.close()
    expect(idles).toBeLessThanOrEqual(noops + 1)
  })
})
