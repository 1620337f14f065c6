import { randomUUID } from 'node:crypto'
import { addressParser } from 'postal-mime'
import type { Mailboxes } from '../../mailbox/mailboxes.ts'
import type { StoredAccount } from '../../mailbox/types.ts'
import { decodeHeader, headerValue, splitHeaders } from '../../mime/headers.ts'

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

/** Puts a copy into the inbox of every recipient who has an account here, the sender included. */
export function deliverToRecipients(mailboxes: Mailboxes, outgoing: Outgoing, now: number): number {
  let delivered = 0
  for (const address of outgoing.recipients) {
    const mailbox = mailboxes.get(address)
    if (!mailbox) continue
    const date = new Date(now).toUTCString().replace('GMT', '+0000')
    const trace = `Delivered-To: ${address}\r\nReceived: from sandbox.inlet.test by mx.sandbox.inlet.test; ${date}\r\n`
    const raw = Buffer.concat([Buffer.from(trace), outgoing.raw])
    mailbox.add({ raw, labels: ['inbox', 'unread', 'category_personal'], date: now })
    delivered++
  }
  return delivered
}

function addressesOf(value: string): string[] {
  return addressParser(decodeHeader(value), { flatten: true }).flatMap(
    entry => entry.address?.toLowerCase() ?? [],
  )
}

function withoutHeaders(head: string, names: readonly string[]): string {
  let dropping = false
  return head
    .split(/(?<=\n)/)
    .filter(line => {
      if (!/^[ \t]/.test(line)) dropping = names.includes((line.split(':')[0] ?? '').toLowerCase())
      return !dropping
    })
    .join('')
}
