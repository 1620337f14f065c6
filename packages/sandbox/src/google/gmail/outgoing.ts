import { randomUUID } from 'node:crypto'
import { addressParser } from 'postal-mime'
import type { StoredAccount } from '../../mailbox/types.ts'
import { decodeHeader, headerValue, splitHeaders, withoutHeaders } from '../../mime/headers.ts'

export interface Outgoing {
  /** As it is sent and filed: a new Message-ID, From and Date present, no Bcc. */
  raw: Buffer
  recipients: string[]
  from: string
}

/**
 * What Gmail does to a message sent through its API: the client's Message-ID is replaced (so a
 * client must read it again), missing From, Date and MIME-Version are added, Bcc is taken out.
 */
export function rewriteForSending(raw: Buffer, account: StoredAccount, now: number): Outgoing {
  const text = raw.toString('latin1')
  const { headers, body } = splitHeaders(text, 0, text.length)
  const recipients = ['to', 'cc', 'bcc'].flatMap(name =>
    headers.filter(h => h.name.toLowerCase() === name).flatMap(h => addressesOf(h.value)),
  )
  const lines = [`Message-ID: <CA${randomUUID().replaceAll('-', '')}@mail.gmail.com>`]
  if (headerValue(headers, 'from') === undefined) lines.push(`From: ${account.name} <${account.email}>`)
  if (headerValue(headers, 'date') === undefined)
    lines.push(`Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`)
  if (headerValue(headers, 'mime-version') === undefined) lines.push('MIME-Version: 1.0')
  const kept = withoutHeaders(text.slice(0, body), ['message-id', 'bcc'])
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const head = `${lines.join(eol)}${eol}${kept === '' ? '' : `${kept.replace(/[\r\n]+$/, '')}${eol}`}${eol}`
  return {
    raw: Buffer.from(head + text.slice(body), 'latin1'),
    recipients: [...new Set(recipients)],
    from: addressesOf(headerValue(headers, 'from') ?? account.email)[0] ?? account.email,
  }
}

function addressesOf(value: string): string[] {
  return addressParser(decodeHeader(value), { flatten: true }).flatMap(
    entry => entry.address?.toLowerCase() ?? [],
  )
}
