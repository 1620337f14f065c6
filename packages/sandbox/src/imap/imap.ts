import type { Clock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Authority } from '../google/oauth/authority.ts'
import type { PostOffice } from '../post-office.ts'
import type { ImapMailbox } from './mailbox/imap-mailbox.ts'
import type { ImapMailboxes } from './mailbox/imap-mailboxes.ts'
import type { Session } from './session.ts'

/** Bounds on what clients may do; each can be changed for a test. */
export interface ImapLimits {
  /** Bytes of a command without its literals. */
  lineBytes: number
  /** Bytes of a command's literals together, hence of a message. */
  literalBytes: number
  connections: number
  /** Silence after which a connection is closed. */
  idleMs: number
  /** Bytes that may wait for a client to read them, */
  waitingBytes: number
  /** and for how long they may. */
  waitingMs: number
}

export const DEFAULT_LIMITS: ImapLimits = {
  lineBytes: 64 * 1024,
  literalBytes: 25 * 1024 * 1024,
  connections: 100,
  idleMs: 30 * 60_000,
  waitingBytes: 4 * 1024 * 1024,
  waitingMs: 60_000,
}

/** Everything the IMAP and SMTP simulators share. */
export interface Imap extends Authority {
  readonly clock: Clock
  readonly faults: Faults
  readonly post: PostOffice
  readonly mailboxes: ImapMailboxes
  readonly limits: ImapLimits
  readonly sessions: Set<Session>
  /** The mailbox that this address and access token open. */
  mailboxOf(email: string, token: string): ImapMailbox | undefined
  /** Of accounts made from now on. */
  readonly password: string
}
