import {
  type ConfiguredMailbox,
  type FoundMailbox,
  type ImapConnectRequest,
  isServerOf,
  type MailSecurity,
  type MailServer,
} from '@inlet/protocol/imap-api'

export type Protocol = 'imap' | 'smtp'

/** A server as it is being typed. */
export type ServerDraft = { host: string; port: string; security: MailSecurity }

/** A mailbox as it is being typed. */
export type Draft = {
  email: string
  user: string
  password: string
  displayName: string
  imap: ServerDraft
  /** Whether there is a server for sending. */
  sends: boolean
  smtp: ServerDraft
}

const USUAL_PORTS: Record<Protocol, Record<MailSecurity, string>> = {
  imap: { tls: '993', starttls: '143', none: '143' },
  smtp: { tls: '465', starttls: '587', none: '25' },
}

const blank = (protocol: Protocol): ServerDraft => ({
  host: '',
  port: USUAL_PORTS[protocol].tls,
  security: 'tls',
})

export const emptyDraft = (email: string, displayName: string): Draft => ({
  email,
  user: email,
  password: '',
  displayName,
  imap: blank('imap'),
  sends: true,
  smtp: blank('smtp'),
})

/** What was found, to be looked at and changed; the password stays. */
export function fromFound(draft: Draft, { user, imap, smtp }: FoundMailbox): Draft {
  const server = (found: MailServer | null, protocol: Protocol): ServerDraft =>
    found ? { ...found, port: String(found.port) } : blank(protocol)
  return { ...draft, user, imap: server(imap, 'imap'), sends: smtp !== null, smtp: server(smtp, 'smtp') }
}

/** Another way to secure it has another usual port; one that a person has chosen stays. */
export function withSecurity(server: ServerDraft, protocol: Protocol, security: MailSecurity): ServerDraft {
  const usual = USUAL_PORTS[protocol]
  const chosen = server.port !== '' && !Object.values(usual).includes(server.port)
  return { ...server, security, port: chosen ? server.port : usual[security] }
}

/** The way by consent into a server that is being typed. */
export function wayAt(
  { host, port }: ServerDraft,
  configured: readonly ConfiguredMailbox[],
): FoundMailbox | undefined {
  const at = { host, port: Number(port) }
  return configured.find(({ way: { imap }, hosts }) => isServerOf({ imap, hosts }, at))?.way
}

export function toRequest(draft: Draft): ImapConnectRequest {
  const { email, user, password, displayName, imap, sends, smtp } = draft
  const server = ({ host, port, security }: ServerDraft): MailServer => ({
    host: host.trim(),
    // The server says what is wrong with a port that is no number.
    port: Number(port) || 0,
    security,
  })
  return {
    email: email.trim(),
    ...(user.trim() && { user: user.trim() }),
    password,
    displayName: displayName.trim(),
    imap: server(imap),
    smtp: sends ? server(smtp) : null,
  }
}
