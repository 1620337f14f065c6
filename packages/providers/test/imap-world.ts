import { realWorld, type World } from '@inlet/sync/world'
import type { DovecotServer } from '@inlet/testkit/dovecot'
import type { SessionWorld } from '../src/imap/session.ts'
import { type ImapConfig, type MailAccess, withDefaults } from '../src/imap/settings.ts'

export const never = new AbortController().signal
export const ANN = 'ann@inlet.test'

/** Ann's way into a Dovecot of the test, over TLS unless told otherwise. */
export function accessTo(dovecot: DovecotServer, more: Partial<MailAccess> = {}): MailAccess {
  return {
    accountId: 'account',
    imap: { host: 'localhost', port: dovecot.tlsPort, security: 'tls' },
    smtp: null,
    user: ANN,
    secret: async () => ({ password: dovecot.passwordOf(ANN) }),
    ...more,
  }
}

/** Trusts the test's server and lets private addresses be reached. */
export function worldFor(
  dovecot: DovecotServer,
  config: ImapConfig = {},
  world: World = realWorld,
): SessionWorld {
  return {
    settings: withDefaults({
      allowPrivateHosts: true,
      trustedCertificates: [dovecot.certificate],
      ...config,
    }),
    world,
    lookup: async () => ['127.0.0.1'],
  }
}

/** A message as it lies on a server. */
export function rawMail(
  subject: string,
  more: { from?: string; headers?: string; body?: string } = {},
): string {
  const { from = 'Bo Berg <bo@example.org>', headers = '', body = 'Hello.\r\n' } = more
  const id = subject.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `From: ${from}\r\nTo: ${ANN}\r\nSubject: ${subject}\r\nMessage-ID: <${id}@example.org>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n${headers}\r\n${body}`
}
