import { createImap, type ImapAdapter } from '@inlet/providers/imap'
import type { ImapConfig } from '@inlet/providers/imap/settings'
import type { DovecotServer } from '@inlet/testkit/dovecot'

/** A way into a mailbox on a Dovecot of ours, over TLS. */
export type ImapAccess = { port: number; certificate: string; user: string; password: string }

export const accessTo = (dovecot: DovecotServer, user: string): ImapAccess => ({
  port: dovecot.tlsPort,
  certificate: dovecot.certificate,
  user,
  password: dovecot.passwordOf(user),
})

export const grantFor = ({ port, user, password }: ImapAccess) => ({
  ...{ email: user, displayName: 'Bench', user, password },
  ...{ imapHost: 'localhost', imapPort: port, imapSecurity: 'tls' },
  ...{ smtpHost: null, smtpPort: null, smtpSecurity: null },
})

/** The adapter as shipped, allowed to reach this machine. */
export const localImap = (certificate: string, config: ImapConfig = {}): ImapAdapter =>
  createImap({ allowPrivateHosts: true, trustedCertificates: [certificate], ...config }, undefined, {
    lookup: async () => ['127.0.0.1'],
  })

/** The same way in for the bare client. */
export const plainImap = ({ port, certificate, user, password }: ImapAccess) => ({
  host: '127.0.0.1',
  servername: 'localhost',
  port,
  secure: true,
  tls: { ca: [certificate] },
  auth: { user, pass: password },
  logger: false as const,
  disableCompression: true,
})
