import type { ImapOAuth } from './oauth.ts'

/** How a connection is secured: TLS from the first byte, STARTTLS (required, never optional), or not at all. */
export type Security = 'tls' | 'starttls' | 'none'

export type ServerSettings = { host: string; port: number; security: Security }

/** What proves who is there. Read at every connect, so that a new password or token reaches running work. */
export type MailSecret = { password: string } | { accessToken: string }

/** One mailbox's way in. */
export type MailAccess = {
  /** Connections are counted and shared by it. */
  accountId: string
  imap: ServerSettings
  smtp: ServerSettings | null
  user: string
  /** `stale` is a token that the server has just refused. */
  secret(signal: AbortSignal, stale?: string): Promise<MailSecret>
}

/** What the runtime may set; everything has a default. Times in ms. */
export type ImapConfig = {
  /** Lets users name hosts on private networks (a self-hosted installation beside its mail server). Default false. */
  allowPrivateHosts?: boolean
  /** Certificates (PEM) trusted besides the system's, for a mail server with a certificate authority of its own. */
  trustedCertificates?: string[]
  /** Providers whose mailboxes are logged in to with tokens. */
  oauth?: readonly ImapOAuth[]
  /** Connections of one account at a time, the live watcher's among them. Default 3, at least 2 for a watcher. */
  maxConnections?: number
  /** TCP and TLS. Default 15,000. */
  connectMs?: number
  /** The server's first words. Default 15,000. */
  greetingMs?: number
  /** Silence of a server that owes an answer. Default 60,000. */
  silenceMs?: number
  /** Longest time for one piece of work on a connection, however busy the server seems. Default 600,000. */
  workMs?: number
  /** Longest wait for a connection while others use them all. Default 120,000. */
  waitMs?: number
  /** An unused connection is closed after this. Default 60,000. */
  idleMs?: number
  /** Largest literal (a message) that is read, bytes. Default 64 MiB. */
  maxLiteralBytes?: number
  /** Shown to servers by ID (RFC 2971); some refuse folders to clients that do not tell. */
  clientName?: string
  clientVersion?: string
}

export type ImapSettings = Required<ImapConfig>

export function withDefaults(config: ImapConfig = {}): ImapSettings {
  return {
    allowPrivateHosts: false,
    trustedCertificates: [],
    oauth: [],
    maxConnections: 3,
    connectMs: 15_000,
    greetingMs: 15_000,
    silenceMs: 60_000,
    workMs: 600_000,
    waitMs: 120_000,
    idleMs: 60_000,
    maxLiteralBytes: 64 * 1024 * 1024,
    clientName: 'Inlet',
    clientVersion: '0.1.0',
    ...config,
  }
}
