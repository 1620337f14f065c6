import { createHash } from 'node:crypto'
import type { MessageEnvelopeObject } from 'imapflow'

/** What of a FETCH answer tells one message from another. */
export type IdentityFacts = {
  /** EMAILID (RFC 8474) or Gmail's X-GM-MSGID, whichever the server has; imapflow gives both as `emailId`. */
  emailId?: string | undefined
  envelope?: MessageEnvelopeObject | undefined
  internalDate?: Date | string | undefined
  size?: number | undefined
}

/**
 * The id under which a message is kept, wherever it lies: the same after a move, a copy, and a new UIDVALIDITY, so that
 * none of them deletes and creates rows. Message-IDs alone are not enough: they are missing, reused and forged, and the
 * sender chooses them.
 *
 * The server's own id is taken where there is one. Otherwise it is a hash of what RFC 3501 keeps unchanged on COPY: the
 * arrival time (whole seconds, as IMAP has it), the size, and the envelope. Two copies that agree in all of these are
 * the same mail, delivered twice within a second; they count as one message in two places.
 */
export function identityOf({ emailId, envelope = {}, internalDate, size }: IdentityFacts): string {
  if (emailId) return `E${emailId.slice(0, 255)}`
  const { messageId = '', from = [], subject = '', date } = envelope
  const facts = [
    messageId.trim(),
    seconds(internalDate),
    size ?? -1,
    from.map(({ address = '' }) => address.trim().toLowerCase()).join(','),
    subject.replace(/\s+/g, ' ').trim(),
    seconds(date),
  ]
  return `H${createHash('sha256').update(JSON.stringify(facts)).digest('base64url')}`
}

function seconds(date: Date | string | undefined): number | string {
  if (date === undefined) return ''
  const at = date instanceof Date ? date.getTime() : Date.parse(date)
  return Number.isFinite(at) ? Math.floor(at / 1_000) : String(date)
}
