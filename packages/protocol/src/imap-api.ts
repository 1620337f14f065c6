import * as z from 'zod'
import { RowId } from './seq.ts'

/** How a connection to a mail server is secured: TLS from the first byte, STARTTLS, or not at all. */
export const MailSecurity = z.enum(['tls', 'starttls', 'none'])
export type MailSecurity = z.infer<typeof MailSecurity>

const PORT = 'A port is a number from 1 to 65535.'

export const MailServer = z.strictObject({
  host: z.string().trim().min(1, 'Enter the name of the server.').max(253),
  port: z.int(PORT).min(1, PORT).max(65_535, PORT),
  security: MailSecurity,
})
export type MailServer = z.infer<typeof MailServer>

const Email = z
  .string()
  .trim()
  .max(320)
  .regex(/^[^\s<>@\p{Cc}]+@[^\s<>@\p{Cc}]+\.[^\s<>@\p{Cc}]+$/u, 'That is no e-mail address.')

/** POST /api/accounts/imap/settings: looks for an address's servers. */
export const ImapSettingsRequest = z.strictObject({ email: Email })

/** A way into a mailbox. */
export const FoundMailbox = z.object({
  /** Configured here, from our table by domain or mail exchanger, from the domain's DNS, a guess that answered, or connected before. */
  source: z.enum(['configured', 'known', 'mx', 'srv', 'guess', 'stored']),
  /** The provider's name, or the domain. */
  name: z.string(),
  /** null: no mail program can read there; `note` says why. */
  imap: MailServer.nullable(),
  smtp: MailServer.nullable(),
  /** `oauth`: it takes no passwords, so it is connected by `consent` or not this way at all. */
  login: z.enum(['password', 'app_password', 'oauth']),
  user: z.string(),
  note: z.string().nullable(),
  /** The provider's consent page: GET /api/accounts/connect/imap-ID. */
  consent: z.object({ id: z.string(), name: z.string() }).nullable(),
})
export type FoundMailbox = z.infer<typeof FoundMailbox>

/** A way by consent that is configured here, and under which other names its server is known. */
export type ConfiguredMailbox = { way: FoundMailbox; hosts: string[] }

/** Whether that is where its consent page leads. On another port of the machine there is another server. */
export function isServerOf(
  { imap, hosts }: { imap: { host: string; port: number } | null; hosts: readonly string[] },
  at: { host: string; port: number },
): boolean {
  const host = at.host.trim().toLowerCase()
  return (host === imap?.host && at.port === imap.port) || hosts.includes(host)
}

/** The likeliest first; empty: nothing was found, and the person must type them. */
export const ImapSettingsResponse = z.object({ settings: z.array(FoundMailbox) })
export type ImapSettingsResponse = z.infer<typeof ImapSettingsResponse>

const login = (max: number, empty: string) =>
  z
    .string()
    .min(1, empty)
    .max(max)
    .regex(/^\P{Cc}*$/u, 'It holds characters that cannot be typed.')

/** POST /api/accounts/imap: logs in and connects the mailbox, or connects it again. */
export const ImapConnectRequest = z.strictObject({
  email: Email,
  /** Default: the address. */
  user: login(320, 'Enter the user name.').optional(),
  password: login(1_024, 'Enter the password.'),
  displayName: z.string().trim().max(200).optional(),
  imap: MailServer,
  /** null: mail can only be read. */
  smtp: MailServer.nullable(),
})
export type ImapConnectRequest = z.infer<typeof ImapConnectRequest>

export const ImapConnectResponse = z.object({ accountId: RowId, email: z.string() })
export type ImapConnectResponse = z.infer<typeof ImapConnectResponse>

/** 422: a mail server could not be logged in to. Nothing was stored. */
export const MailServerRefusal = z.object({
  error: z.object({
    code: z.literal('mail_server_refused'),
    message: z.string(),
    server: z.enum(['imap', 'smtp']),
    /** Stable word for the cause: wrong_password, connection_refused, certificate_expired … (docs/providers/imap.md) */
    reason: z.string(),
  }),
})
export type MailServerRefusal = z.infer<typeof MailServerRefusal>
