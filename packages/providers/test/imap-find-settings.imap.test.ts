import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { findSettings } from '../src/imap/find-settings.ts'
import { probe } from '../src/imap/probe.ts'
import { openSession } from '../src/imap/session.ts'
import type { Security } from '../src/imap/settings.ts'
import { fakeServer, saying } from './imap-fake-server.ts'
import { accessTo, never, worldFor } from './imap-world.ts'

const nothing = () => Promise.reject(Object.assign(new Error('ENODATA'), { code: 'ENODATA' }))

describe('settings of a domain with a server of its own', () => {
  let dovecot: DovecotServer
  let expired: DovecotServer
  beforeAll(async () => {
    const certificateNames = ['mail.example.com', 'imap.example.com']
    dovecot = await startDovecot({ certificateNames })
    expired = await startDovecot({ certificateNames, certificateExpired: true })
  })
  afterAll(async () => {
    await dovecot?.stop()
    await expired?.stop()
  })

  const srv =
    (records: Record<string, [name: string, port: number, priority: number][]>) => (name: string) => {
      const found = records[name.replace('.example.com', '')]
      return found
        ? Promise.resolve(found.map(([host, port, priority]) => ({ name: host, port, priority, weight: 0 })))
        : nothing()
    }

  test('SRV records count if the server behind them greets, in their order of priority', async () => {
    const dead = await saying('', 'close')
    const smtp = await fakeServer(socket => {
      socket.write('220-mail.example.com\r\n220 ESMTP\r\n')
      socket.on('data', () => socket.write('250-mail.example.com\r\n250-STARTTLS\r\n250 HELP\r\n'))
    })
    const resolver = {
      mx: nothing,
      srv: srv({
        '_imaps._tcp': [
          ['mail.example.com.', dovecot.tlsPort, 20],
          ['mail.example.com', dead.port, 10],
        ],
        '_imap._tcp': [['mail.example.com', dovecot.port, 0]],
        '_submissions._tcp': [['.', 0, 0]],
        '_submission._tcp': [['smtp.example.com', smtp.port, 0]],
      }),
    }
    const found = await findSettings('ann@example.com', worldFor(dovecot), never, { resolver })
    expect(found).toEqual([
      {
        source: 'srv',
        name: 'example.com',
        imap: { host: 'mail.example.com', port: dovecot.tlsPort, security: 'tls' },
        // It offers STARTTLS and does not keep its word.
        smtp: null,
        login: 'password',
        user: 'ann@example.com',
        note: null,
      },
    ])
  })

  test('without records the usual names are tried, TLS before STARTTLS, and only with the right certificate', async () => {
    const find = (imap: readonly [number, number]) =>
      findSettings('ann@example.com', worldFor(dovecot), never, {
        resolver: { mx: nothing, srv: nothing },
        ports: { IMAP: imap, SMTP: [1, 2] },
      })
    expect(await find([dovecot.tlsPort, dovecot.port])).toMatchObject([
      {
        source: 'guess',
        imap: { host: 'imap.example.com', port: dovecot.tlsPort, security: 'tls' },
        smtp: null,
      },
    ])
    expect(await find([dovecot.port, dovecot.port])).toMatchObject([
      { source: 'guess', imap: { host: 'imap.example.com', port: dovecot.port, security: 'starttls' } },
    ])
    expect(await find([expired.tlsPort, expired.port])).toEqual([])
  })

  test.each<[Security, 'port' | 'tlsPort', string | null]>([
    ['tls', 'tlsPort', null],
    ['starttls', 'port', null],
    ['none', 'port', null],
    ['tls', 'port', 'not_tls'],
    ['starttls', 'tlsPort', 'no_greeting'],
  ])('a look with %s at the server’s %s', async (security, port, code) => {
    const server = { host: 'mail.example.com', port: dovecot[port], security }
    const seen = await probe('IMAP', server, worldFor(dovecot), 500, never).catch(error => error)
    if (code === null) expect(seen.offers).toContain('IMAP4REV1')
    else expect(codeOf(seen)).toBe(code)
  })

  test.each(['tls', 'starttls'] as const)('certificates that are not right (%s)', async security => {
    const code = async (server: DovecotServer, host: string, trusted: boolean) => {
      const imap = { host, port: security === 'tls' ? server.tlsPort : server.port, security }
      const world = trusted ? worldFor(server) : worldFor(server, { trustedCertificates: [] })
      const opened = await openSession(accessTo(server, { imap }), world, never).catch(codeOf)
      const looked = await probe('IMAP', imap, world, 5_000, never).catch(codeOf)
      expect(looked).toBe(opened)
      return opened
    }
    expect(await code(dovecot, 'mail.example.com', false)).toBe('certificate_self_signed')
    expect(await code(dovecot, 'imap.another.org', true)).toBe('certificate_wrong_host')
    expect(await code(expired, 'mail.example.com', true)).toBe('certificate_expired')
  })
})
