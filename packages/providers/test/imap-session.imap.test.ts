import { inspect } from 'node:util'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { createPool, type Lease, type Pool } from '../src/imap/pool.ts'
import { openSession } from '../src/imap/session.ts'
import { ANN, accessTo, never, rawMail, worldFor } from './imap-world.ts'

describe('a session with a real Dovecot', () => {
  let dovecot: DovecotServer
  beforeAll(async () => {
    dovecot = await startDovecot({ users: [ANN, 'changing@inlet.test'] })
    await dovecot.mailbox().append(rawMail('First'))
  })
  afterAll(() => dovecot?.stop())

  test.each(['tls', 'starttls', 'none'] as const)(
    'logs in (%s), says who it is, and reads',
    async security => {
      const port = security === 'tls' ? dovecot.tlsPort : dovecot.port
      const access = accessTo(dovecot, { imap: { host: 'localhost', port, security } })
      const session = await openSession(access, worldFor(dovecot), never)
      expect(session.client.secureConnection).toBe(security !== 'none')
      const rows = await session.inFolder({ path: 'INBOX', readOnly: true }, 'read', never, client =>
        client.fetchAll('1:*', { envelope: true }),
      )
      expect(rows.map(({ envelope }) => envelope?.subject)).toEqual(['First'])
      await session.close()
      expect(session.closed).toBe(true)
      expect(await dovecot.log()).toMatch(/ID sent: .*name=Inlet/)
    },
  )

  test('connects to the checked address alone and still proves the name', async () => {
    const world = { ...worldFor(dovecot), lookup: vi.fn(async () => ['127.0.0.1']) }
    const access = accessTo(dovecot, {
      imap: { host: 'another.example.org', port: dovecot.tlsPort, security: 'tls' },
    })
    const refused = await openSession(access, world, never).catch(error => error)
    expect(codeOf(refused)).toBe('certificate_wrong_host')
    expect(world.lookup).toHaveBeenCalledTimes(1)
    const guarded = { ...world, settings: { ...world.settings, allowPrivateHosts: false } }
    expect(codeOf(await openSession(access, guarded, never).catch(error => error))).toBe('private_address')
  })

  test('an abort closes the connection and is what the caller sees', async () => {
    const session = await openSession(accessTo(dovecot), worldFor(dovecot), never)
    dovecot.pause()
    const stop = new AbortController()
    const asked = session.run('ask', stop.signal, client => client.noop())
    stop.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
    await session.ended
    expect(session.closed).toBe(true)
    dovecot.resume()
  })

  test('a server that falls silent ends the work with a time-out, while connecting too', async () => {
    const world = worldFor(dovecot, { silenceMs: 300, greetingMs: 300, connectMs: 300 })
    const session = await openSession(accessTo(dovecot), world, never)
    dovecot.pause()
    const refused = await session.run('ask', never, client => client.noop()).catch(error => error)
    expect(codeOf(refused)).toBe('timeout')
    expect(codeOf(await openSession(accessTo(dovecot), world, never).catch(error => error))).toBe(
      'connect_timeout',
    )
    dovecot.resume()
  })

  test('a password is read at each connect, and a refused one does not travel with the error', async () => {
    const user = 'changing@inlet.test'
    const secret = vi.fn(async () => ({ password: dovecot.passwordOf(user) }))
    const access = accessTo(dovecot, { user, secret })
    await (await openSession(access, worldFor(dovecot), never)).close()
    await dovecot.setPassword(user, 'another')
    await (await openSession(access, worldFor(dovecot), never)).close()
    expect(secret).toHaveBeenCalledTimes(2)
    const old = { ...access, secret: async () => ({ password: 'gone-for-good' }) }
    const refused = await openSession(old, worldFor(dovecot), never).catch(error => error)
    expect(refused).toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
      cause: { code: 'wrong_password' },
    })
    expect(inspect(refused, { depth: 9 })).not.toContain('gone-for-good')
  })
})

describe('a pool of connections', () => {
  let dovecot: DovecotServer
  let pool: Pool
  beforeAll(async () => {
    dovecot = await startDovecot()
    await dovecot.mailbox().append(rawMail('First'))
    await dovecot.mailbox().append(rawMail('Second'), { folder: 'Archive' })
  })
  afterEach(() => pool?.close())
  afterAll(() => dovecot?.stop())

  const read = (folder: string, purpose: 'interactive' | 'live' | 'backfill' = 'live') =>
    pool.use(purpose, never, folder, session =>
      session.inFolder({ path: folder, readOnly: true }, 'read', never, (_, mailbox) =>
        Promise.resolve(mailbox.exists),
      ),
    )

  test('has never more connections than it may, whatever is asked', async () => {
    pool = createPool(accessTo(dovecot), worldFor(dovecot, { maxConnections: 3 }))
    const counts = await Promise.all(
      Array.from({ length: 30 }, (_, at) => read(at % 2 ? 'INBOX' : 'Archive', at % 3 ? 'backfill' : 'live')),
    )
    expect(new Set(counts)).toEqual(new Set([1]))
    expect(pool.stats().open).toBeLessThanOrEqual(3)
    const logins = [...(await dovecot.log()).matchAll(/Info: Login: /g)]
    const before = logins.length
    await Promise.all([read('INBOX'), read('INBOX'), read('Archive')])
    expect([...(await dovecot.log()).matchAll(/Info: Login: /g)].length).toBe(before)
  })

  test('lets a person go before live work and live work before the first listing', async () => {
    pool = createPool(accessTo(dovecot), worldFor(dovecot, { maxConnections: 1 }))
    const holder = await pool.lease('live', never)
    const order: string[] = []
    const asked = (['backfill', 'live', 'interactive'] as const).map(async purpose => {
      const lease = await pool.lease(purpose, never)
      order.push(purpose)
      lease.release()
    })
    holder.release()
    await Promise.all(asked)
    expect(order).toEqual(['interactive', 'live', 'backfill'])
  })

  test('keeps a connection free of watchers and listings', async () => {
    pool = createPool(accessTo(dovecot), worldFor(dovecot, { maxConnections: 3 }))
    const watchers = [await pool.lease('watch', never), await pool.lease('watch', never)]
    const third = await pool.lease('watch', never).catch(error => error)
    expect(codeOf(third)).toBe('too_many_connections')
    let listing: Lease | null = null
    const asked = pool.lease('backfill', never).then(lease => {
      listing = lease
    })
    expect(await read('INBOX', 'interactive')).toBe(1)
    expect(listing).toBeNull()
    watchers[0]?.release()
    await asked
    expect(listing).not.toBeNull()
  })

  test('opens a new connection after the old ones broke', async () => {
    pool = createPool(accessTo(dovecot), worldFor(dovecot))
    expect(await read('INBOX')).toBe(1)
    const lease = await pool.lease('live', never)
    await dovecot.halt()
    await lease.session.ended
    lease.release()
    expect(codeOf(await read('INBOX').catch(error => error))).toBe('connection_refused')
    await dovecot.start()
    expect(await read('INBOX')).toBe(1)
  })

  test('a connection that nobody needs is closed after a while', async () => {
    pool = createPool(accessTo(dovecot), worldFor(dovecot, { idleMs: 50 }))
    expect(await read('INBOX')).toBe(1)
    await vi.waitFor(() => expect(pool.stats().open).toBe(0), { timeout: 20_000 })
  })

  test('who gives up waiting leaves the queue; closing turns the others away', async () => {
    pool = createPool(accessTo(dovecot), worldFor(dovecot, { maxConnections: 1 }))
    const holder = await pool.lease('live', never)
    const stop = new AbortController()
    const left = pool.lease('live', stop.signal)
    const waits = pool.lease('live', never).catch(error => error)
    stop.abort(new Error('enough'))
    await expect(left).rejects.toThrow('enough')
    expect(pool.stats()).toMatchObject({ waiting: 1, leased: 1 })
    await pool.close()
    expect(codeOf(await waits)).toBe('server_closed')
    await holder.session.ended
    holder.release()
    expect(pool.stats()).toEqual({ open: 0, leased: 0, waiting: 0 })
  })

  test('a wrong password is tried once, not once for each who waits', async () => {
    const secret = vi.fn(async () => ({ password: 'wrong' }))
    pool = createPool(accessTo(dovecot, { secret }), worldFor(dovecot, { maxConnections: 1 }))
    const all = await Promise.all(
      Array.from({ length: 10 }, () => read('INBOX').catch(error => codeOf(error))),
    )
    expect(new Set(all)).toEqual(new Set(['wrong_password']))
    expect(secret).toHaveBeenCalledTimes(1)
  })

  test('believes a server that allows fewer connections', async () => {
    const strict = await startDovecot({ settings: 'protocol imap {\n  mail_max_userip_connections = 1\n}' })
    onTestFinished(() => strict.stop())
    pool = createPool(accessTo(strict), worldFor(strict, { maxConnections: 3 }))
    const first = await pool.lease('live', never)
    const asked = Promise.all(
      Array.from({ length: 6 }, () =>
        pool.use('live', never, 'INBOX', session =>
          session.inFolder({ path: 'INBOX', readOnly: true }, 'read', never, async (client, mailbox) => {
            await client.noop()
            return mailbox.exists
          }),
        ),
      ),
    )
    // The server has refused a second one by now, and all wait for the first.
    await vi.waitFor(() => expect(pool.stats()).toEqual({ open: 1, leased: 1, waiting: 6 }), {
      timeout: 20_000,
    })
    first.release()
    expect(await asked).toEqual([0, 0, 0, 0, 0, 0])
    expect(pool.stats().open).toBe(1)
  })
})
