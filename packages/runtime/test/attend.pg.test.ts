import { Attendance } from '@inlet/sync/attend'
import { connectAccount } from '@inlet/sync/connect-account'
import { ProviderError } from '@inlet/sync/provider-errors'
import type { Connection } from '@inlet/sync/provider-port'
import { FakeProvider } from '@inlet/testkit/fake-provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { engineWorldOver } from './harness.ts'

/** A mailbox whose doorbell is a connection: held until it is broken or told to stop. */
class HeldProvider extends FakeProvider {
  readonly held = new Map<string, { ring(resource: string): void; fail(error: unknown): void }>()
  begun = 0
  slowToEnd: Promise<void> | null = null
  async attend(conn: Connection, ring: (resource: string) => void, signal: AbortSignal): Promise<void> {
    this.begun += 1
    await this.onCall('attend', conn.email)
    await new Promise<void>((_, reject) => {
      this.held.set(conn.email, { ring, fail: reject })
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      ring('mailbox')
    }).finally(async () => {
      this.held.delete(conn.email)
      await this.slowToEnd
    })
  }
}

describe('a doorbell that somebody must hold', () => {
  let world: Awaited<ReturnType<typeof engineWorldOver<HeldProvider>>>
  const running: { stop(): Promise<void> }[] = []
  beforeEach(async () => {
    world = await engineWorldOver(new HeldProvider())
    await world.drain()
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map(each => each.stop()))
    await world.close()
  })

  const worker = (workerId: string, engine = world.engine) => {
    const stopping = new AbortController()
    const onMark = vi.fn()
    const attendance = new Attendance(engine, { workerId, onMark })
    const ended = attendance.run(stopping.signal)
    const started = {
      attendance,
      onMark,
      async stop() {
        stopping.abort(new Error('stop'))
        await ended
      },
    }
    running.push(started)
    return started
  }
  const another = async (email: string) => {
    world.mailbox.email = email
    const grant = { data: { accessToken: 'a', refreshToken: 'r', expiresAt: world.clock.now() + 3_600_000 } }
    await connectAccount(world.engine, { userId: world.userId, provider: 'gmail', grant }, world.signal)
    await world.drain()
  }
  const holders = async () =>
    (await world.pool.query<{ worker_id: string }>('SELECT worker_id FROM attendance ORDER BY 1')).rows.map(
      row => row.worker_id,
    )
  const until = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 5 })
  const stored = async () =>
    (await world.pool.query('SELECT 1 FROM message WHERE user_id = $1', [world.userId])).rowCount

  test('is held, and what rings is due at once', async () => {
    const { attendance, onMark } = worker('one')
    await until(() => expect(onMark).toHaveBeenCalled())
    await world.drain()
    expect(attendance.attentionTo(world.accountId)).toMatchObject({ state: 'attending', error: null })
    expect(attendance.figures).toEqual({ attending: 1 })
    onMark.mockClear()
    world.mailbox.deliver()
    world.mailbox.held.get('me@example.com')?.ring('mailbox')
    await until(() => expect(onMark).toHaveBeenCalled())
    await world.drain()
    expect(await stored()).toBe(1)
  })

  test('that breaks is taken up again, later each time, and rings for what was missed', async () => {
    const waits: number[] = []
    world.mailbox.onCall = call => {
      if (call === 'attend' && world.mailbox.begun < 5) throw new ProviderError('transient', 'No answer.')
    }
    const sleep = world.clock.sleep.bind(world.clock)
    world.clock.sleep = (ms, signal) => {
      waits.push(ms)
      return sleep(ms, signal)
    }
    const { attendance, onMark } = worker('one')
    await until(() => expect(onMark).toHaveBeenCalled())
    expect(attendance.attentionTo(world.accountId)).toMatchObject({ state: 'attending' })
    // 0.75 of 1, 2, 4 and 8 seconds; what is left of a round are eight to twelve.
    for (const ms of [750, 1_500, 3_000, 6_000])
      expect(waits.some(each => Math.abs(each - ms) < 100)).toBe(true)
    world.mailbox.held.get('me@example.com')?.fail(new ProviderError('transient', 'The connection was cut.'))
    await until(() => expect(world.mailbox.begun).toBe(6))
    expect(world.logged.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('that is held again ends the backoff of whatever failed meanwhile', async () => {
    world.mailbox.onCall = () => {
      throw new ProviderError('transient', 'No answer.')
    }
    for (let at = 0; at < 6; at++) {
      await world.mark()
      await world.drain()
      world.clock.advance(31 * 60_000)
    }
    await world.mark()
    await world.drain()
    expect((await world.store.account(world.accountId))?.status.reason).toBe('cooling_down')
    const { onMark } = worker('one')
    world.mailbox.onCall = () => {}
    world.mailbox.deliver()
    await until(() => expect(onMark).toHaveBeenCalled())
    await world.drain()
    expect(await stored()).toBe(1)
    expect((await world.store.account(world.accountId))?.status.reason).not.toBe('cooling_down')
  })

  test('that waits says why and until when, and obeys what the provider asks', async () => {
    const retryAt = world.clock.now() + 3_600_000
    world.mailbox.onCall = call => {
      if (call === 'attend') throw new ProviderError('rate_limited', 'Too many connections.', { retryAt })
    }
    // As long as it takes: only what is asked for by the minute is waited out here.
    world.clock.sleep = (ms, signal) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms > 60_000 ? 60_000 : 5)
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          reject(signal.reason)
        })
      })
    const { attendance } = worker('one')
    await until(() =>
      expect(attendance.attentionTo(world.accountId)).toMatchObject({
        state: 'waiting',
        error: 'Too many connections.',
        retryAt,
      }),
    )
    expect(world.mailbox.begun).toBe(1)
  })

  test('of an account whose access was refused for good is let go, and the account says so', async () => {
    world.mailbox.onCall = async call => {
      if (call !== 'attend') return
      throw new ProviderError('unauthorized', 'The password was refused.', { reconnect: true })
    }
    const attend = world.mailbox.attend.bind(world.mailbox)
    world.mailbox.attend = async (conn, ring, signal) => {
      await conn.secret(signal)
      await attend(conn, ring, signal)
    }
    const { attendance } = worker('one')
    await until(async () =>
      expect((await world.store.account(world.accountId))?.status).toMatchObject({
        state: 'disconnected',
        reason: 'reconnect_needed',
      }),
    )
    await until(() => expect(attendance.attentionTo(world.accountId)).toBeNull())
    expect(await holders()).toEqual([])
  })

  test('moves between workers as they come and go, and is nobody’s when all have stopped', async () => {
    for (const name of ['b', 'c', 'd']) await another(`${name}@example.com`)
    const one = worker('one')
    await until(() => expect(one.attendance.figures).toEqual({ attending: 4 }))
    const two = worker('two')
    await until(() => expect(two.attendance.figures).toEqual({ attending: 2 }))
    await until(() => expect(one.attendance.figures).toEqual({ attending: 2 }))
    expect(await holders()).toEqual(['one', 'one', 'two', 'two'])
    await one.stop()
    expect(one.attendance.figures).toEqual({})
    await until(() => expect(two.attendance.figures).toEqual({ attending: 4 }))
    await two.stop()
    expect(await holders()).toEqual([])
    expect(world.mailbox.held.size).toBe(0)
  })

  test('is waited for while it ends, all of them at once', async () => {
    await another('b@example.com')
    const leave = vi.spyOn(world.store, 'leave')
    const one = worker('one')
    await until(() => expect(one.attendance.figures).toEqual({ attending: 2 }))
    const slow = Promise.withResolvers<void>()
    world.mailbox.slowToEnd = slow.promise
    const stopped = one.stop().then(() => 'stopped')
    await until(() => expect(world.mailbox.held.size).toBe(0))
    // Both have been told, and neither has ended; until then nobody else is given them.
    expect(leave).not.toHaveBeenCalled()
    expect(await holders()).toEqual(['one', 'one'])
    slow.resolve()
    expect(await stopped).toBe('stopped')
    expect(leave).toHaveBeenCalledOnce()
    expect(await holders()).toEqual([])
  })

  test('is let go when nobody can tell any more whose it is', async () => {
    let silent = false
    const attend: typeof world.store.attend = async round => {
      if (silent) throw new Error('The database is away.')
      return await world.store.attend(round)
    }
    const store = new Proxy(world.store, {
      get: (target, name, receiver) => (name === 'attend' ? attend : Reflect.get(target, name, receiver)),
    })
    const { attendance } = worker('one', { ...world.engine, store })
    await until(() => expect(attendance.figures).toEqual({ attending: 1 }))
    silent = true
    await until(() => expect(world.logged.some(({ message }) => /attended here/.test(message))).toBe(true))
    expect(attendance.figures).toEqual({ attending: 1 })
    world.clock.advance(60_000)
    await until(() => expect(attendance.figures).toEqual({}))
    silent = false
    await until(() => expect(attendance.figures).toEqual({ attending: 1 }))
  })
})
