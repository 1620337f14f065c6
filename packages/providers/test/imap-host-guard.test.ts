import { realWorld } from '@inlet/sync/world'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { checkHost, isPublic } from '../src/imap/host-guard.ts'
import { openSession } from '../src/imap/session.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { fakeImap } from './imap-fake-server.ts'

const never = new AbortController().signal
const answering =
  (...addresses: string[]) =>
  async () =>
    addresses
const check = (host: string, lookup = answering('198.51.100.7'), allowPrivateHosts = false) =>
  checkHost(host, { allowPrivateHosts, security: 'tls', lookup }, realWorld, never)
const refusal = (attempt: Promise<unknown>) => attempt.then(() => 'allowed', codeOf)

describe('addresses that nobody may be sent to', () => {
  test.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '240.0.0.1',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:4136:e378::1',
    '2001:db8::1',
  ])('%s', async address => {
    expect(isPublic(address)).toBe(false)
    expect(await refusal(check('mail.example.org', answering(address)))).toBe('private_address')
    expect(await refusal(check(address))).toBe('private_address')
    expect((await check(address, undefined, true)).addresses).toEqual([address])
  })

  test('public ones may be used, in the order of DNS, whatever private ones stand among them', async () => {
    const lookup = answering('10.0.0.1', '2606:4700::1111', '8.8.8.8', '::1')
    expect(await check('mail.example.org', lookup)).toEqual({
      addresses: ['2606:4700::1111', '8.8.8.8'],
      servername: 'mail.example.org',
    })
    expect(await check('8.8.8.8')).toEqual({ addresses: ['8.8.8.8'], servername: null })
    expect(await check('[2606:4700::1111]')).toEqual({ addresses: ['2606:4700::1111'], servername: null })
  })

  test('no other way of writing an address gets past', async () => {
    // What the system's resolver makes of these is checked like any answer.
    for (const host of ['127.1', '0x7f.0.0.1', '2130706433', '0177.0.0.1', 'localhost'])
      expect(await refusal(check(host, answering('127.0.0.1')))).toBe('private_address')
    for (const host of [
      '',
      ' ',
      'a b',
      'a\r\nb',
      'http://x',
      'user@host',
      'host:993',
      'a..b',
      '-',
      `${'a'.repeat(300)}.de`,
    ])
      expect(await refusal(check(host))).toBe('host_not_found')
  })

  test('no IPv4 address is public inside an IPv6 one', () => {
    fc.assert(
      fc.property(fc.ipV4(), address => {
        expect(isPublic(`::ffff:${address}`)).toBe(false)
        expect(isPublic(`64:ff9b::${address}`)).toBe(false)
        expect(isPublic(`::${address}`)).toBe(false)
      }),
    )
  })
})

test('what DNS says', async () => {
  const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }))
  expect(await refusal(check('no.example.org', failing('ENOTFOUND')))).toBe('host_not_found')
  expect(await refusal(check('no.example.org', failing('EAI_AGAIN')))).toBe('dns_failed')
  expect(await refusal(check('no.example.org', answering()))).toBe('host_not_found')
  const stop = new AbortController()
  const waiting = checkHost(
    'slow.example.org',
    { allowPrivateHosts: false, security: 'tls', lookup: () => new Promise(() => {}) },
    realWorld,
    stop.signal,
  )
  stop.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
})

describe('without encryption', () => {
  const plain = (allowPrivateHosts: boolean, ...addresses: string[]) =>
    checkHost(
      'mail.example.org',
      { allowPrivateHosts, security: 'none', lookup: answering(...addresses) },
      realWorld,
      never,
    )

  test.each(['127.0.0.1', '::1', '10.1.2.3', '192.168.0.9', 'fd00::1', '169.254.1.1', '::ffff:10.0.0.1'])(
    '%s is reached where private hosts are',
    async address => {
      expect((await plain(true, address)).addresses).toEqual([address])
      expect(await refusal(plain(false, address))).toBe('private_address')
    },
  )

  test.each(['8.8.8.8', '2001:4860:4860::8888', '198.51.100.7', '::ffff:8.8.8.8'])(
    '%s never is',
    async address => {
      expect(await refusal(plain(true, address))).toBe('plain_refused')
      expect((await plain(true, address, '127.0.0.1')).addresses).toEqual(['127.0.0.1'])
    },
  )
})

test('a name that changes its address after the check is not asked again', async () => {
  const server = await fakeImap({})
  let asked = 0
  const lookup = vi.fn(async () => [asked++ === 0 ? '127.0.0.1' : '127.0.0.2'])
  const session = await openSession(
    {
      accountId: 'a',
      imap: { host: 'rebinding.example.org', port: server.port, security: 'none' },
      smtp: null,
      user: 'ann',
      secret: async () => ({ password: 'p' }),
    },
    { settings: withDefaults({ allowPrivateHosts: true }), world: realWorld, lookup },
    never,
  )
  expect(lookup).toHaveBeenCalledTimes(1)
  expect(server.connections()).toBe(1)
  session.destroy()
})
