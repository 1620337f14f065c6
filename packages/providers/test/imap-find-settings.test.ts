import { realWorld } from '@inlet/sync/world'
import { describe, expect, test, vi } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { findSettings, type MailResolver } from '../src/imap/find-settings.ts'
import { KNOWN_SERVERS } from '../src/imap/known-servers.ts'
import { withDefaults } from '../src/imap/settings.ts'

const never = new AbortController().signal
const nothing = () => Promise.reject(Object.assign(new Error('queryMx ENODATA'), { code: 'ENODATA' }))
const silent: MailResolver = { mx: nothing, srv: nothing }
const world = (lookup = async (): Promise<string[]> => nothing()) => ({
  settings: withDefaults({}),
  world: realWorld,
  lookup,
})

describe('settings for an address', () => {
  test.each([
    ['ann@gmail.com', 'Gmail', 'imap.gmail.com', 'smtp.gmail.com', 'app_password', 'ann@gmail.com'],
    [
      'Ann@HOTMAIL.CO.UK',
      'Outlook.com',
      'outlook.office365.com',
      'smtp-mail.outlook.com',
      'oauth',
      'Ann@hotmail.co.uk',
    ],
    ['ann@yahoo.co.jp', 'Yahoo Japan', 'imap.mail.yahoo.co.jp', 'smtp.mail.yahoo.co.jp', 'password', 'ann'],
    ['ann@yahoo.de', 'Yahoo', 'imap.mail.yahoo.com', 'smtp.mail.yahoo.com', 'app_password', 'ann@yahoo.de'],
    ['ann@icloud.com', 'iCloud', 'imap.mail.me.com', 'smtp.mail.me.com', 'app_password', 'ann@icloud.com'],
    ['ann@gmx.de', 'GMX', 'imap.gmx.net', 'mail.gmx.net', 'password', 'ann@gmx.de'],
    ['ann@web.de', 'WEB.DE', 'imap.web.de', 'smtp.web.de', 'password', 'ann@web.de'],
    ['ann@163.com', 'NetEase 163', 'imap.163.com', 'smtp.163.com', 'app_password', 'ann@163.com'],
    ['ann@posteo.net', 'Posteo', 'posteo.de', 'posteo.de', 'password', 'ann@posteo.net'],
    ['ann@proton.me', 'Proton Mail', '127.0.0.1', '127.0.0.1', 'app_password', 'ann@proton.me'],
  ])('%s: %s, without a question to the network', async (email, name, imap, smtp, login, user) => {
    const asked = vi.fn(nothing)
    const [found, ...more] = await findSettings(email, world(asked), never, {
      resolver: { mx: asked, srv: asked },
    })
    expect(more).toEqual([])
    expect(found).toMatchObject({
      source: 'known',
      name,
      imap: { host: imap },
      smtp: { host: smtp },
      login,
      user,
    })
    expect(asked).not.toHaveBeenCalled()
  })

  test('a provider without IMAP says so', async () => {
    const [found] = await findSettings('ann@tuta.com', world(), never, { resolver: silent })
    expect(found).toMatchObject({ imap: null, note: expect.stringMatching(/no IMAP/) })
  })

  test.each([
    ['aspmx.l.google.com', 'Gmail'],
    ['example-com.mail.protection.outlook.com', 'Microsoft 365'],
    ['in1-smtp.messagingengine.com.', 'Fastmail'],
    ['MX1.MAIL.OVH.NET', 'OVH'],
    ['mx00.ionos.de', 'IONOS'],
    ['aspmx1.migadu.com', 'Migadu'],
    ['mx.zoho.eu', 'Zoho'],
    ['mxext1.mailbox.org', 'mailbox.org'],
    ['mail.protonmail.ch', 'Proton Mail'],
  ])('a domain of one’s own whose mail goes to %s is %s', async (exchange, name) => {
    const resolver = { srv: nothing, mx: async () => [{ exchange, priority: 10 }] }
    const found = await findSettings('ann@example.com', world(), never, { resolver })
    expect(found).toMatchObject([{ source: 'mx', name, user: 'ann@example.com' }])
  })

  test('nothing is found where nothing answers, and nothing private is tried', async () => {
    const resolver = {
      mx: nothing,
      srv: async () => [{ name: 'intern.example.com', port: 993, priority: 0, weight: 0 }],
    }
    const looked: string[] = []
    const lookup = async (host: string) => {
      looked.push(host)
      return ['10.0.0.7']
    }
    expect(await findSettings('ann@example.com', { ...world(), lookup }, never, { resolver })).toEqual([])
    expect(new Set(looked)).toEqual(
      new Set([
        'intern.example.com',
        'imap.example.com',
        'mail.example.com',
        'example.com',
        'smtp.example.com',
      ]),
    )
  })

  test('an abort ends the search', async () => {
    const stop = new AbortController()
    const resolver = { mx: () => new Promise<never>(() => {}), srv: () => new Promise<never>(() => {}) }
    const searching = findSettings('ann@example.com', world(), stop.signal, { resolver })
    stop.abort(new Error('enough'))
    await expect(searching).rejects.toThrow('enough')
  })

  test.each(['', 'ann', '@example.com', 'ann@', 'ann@localhost', 'a b@example.com', '<ann@example.com>'])(
    '%j is no address',
    async email => {
      const refused = await findSettings(email, world(), never, { resolver: silent }).catch(error => error)
      expect(codeOf(refused)).toBe('host_not_found')
    },
  )

  test('the table speaks of whole domains, and every provider in it can be found', () => {
    for (const { name, domains, mx, imap, smtp, note } of KNOWN_SERVERS) {
      expect(domains ?? mx, name).not.toBeNull()
      if (domains) expect(domains.source, name).toMatch(/^\^.*\$$/)
      if (mx) expect(mx.source, name).toMatch(/\$$/)
      for (const server of [imap, smtp]) {
        if (!server) continue
        expect(server.host, name).toMatch(/^[a-z0-9.-]+$/)
        expect(server.security, name).toBe([993, 465].includes(server.port) ? 'tls' : 'starttls')
      }
      if (note !== null) expect(note, name).toMatch(/^[A-Z].*\.$/)
    }
  })
})
