import { addressParser } from 'postal-mime'
import type { Faults } from '../../faults.ts'
import { decodeHeader, headerValue, splitHeaders, withoutHeaders } from '../../mime/headers.ts'
import type { PostOffice } from '../../post-office.ts'
import { fail } from '../errors.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { StoredItem } from '../mailbox/types.ts'

interface Parts {
  now: () => number
  faults: Faults
  post: PostOffice
}

/** Sends mail. With the `send.lag` fault a message waits in the Outbox, also across a restart. */
export class Outbox {
  #parts: Parts
  #timers = new Set<NodeJS.Timeout>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Sends what a former process left in the Outbox. */
  resume(mailbox: OutlookMailbox): void {
    for (const item of mailbox.inFolder('outbox')) this.#deliver(mailbox, item)
  }

  /** A new message; with `save` a copy goes to Sent Items. */
  sendRaw(mailbox: OutlookMailbox, raw: Buffer, save: boolean, threadId?: string): void {
    const ready = stamped(raw, mailbox, this.#parts.now())
    const recipients = checkedRecipients(ready, mailbox)
    if (!save) {
      this.#parts.post.send(withoutBcc(ready), recipients)
      return
    }
    const date = this.#parts.now()
    const message = { raw: ready, date, read: true, ...(threadId !== undefined && { threadId }) }
    const lag = this.#lag(mailbox)
    const item = mailbox.add({ ...message, folder: lag === undefined ? 'sentitems' : 'outbox' })
    if (lag === undefined) this.#parts.post.send(withoutBcc(ready), recipients)
    else this.#later(lag, mailbox, item)
  }

  /** A draft: the message that will lie in Sent Items keeps its immutable id. */
  sendDraft(mailbox: OutlookMailbox, draft: StoredItem): void {
    const now = this.#parts.now()
    const raw = stamped(mailbox.raw(draft), mailbox, now)
    checkedRecipients(raw, mailbox)
    const lag = this.#lag(mailbox)
    const ready = mailbox.rewrite(draft, raw, { draft: false, read: true, sent: now, date: now })
    if (lag === undefined) this.#deliver(mailbox, ready)
    else this.#later(lag, mailbox, mailbox.move([ready], 'outbox')[0] ?? ready)
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #lag(mailbox: OutlookMailbox): number | undefined {
    const fault = this.#parts.faults.take('send.lag', { account: mailbox.email })
    return fault && (fault.ms ?? 1000)
  }

  #later(ms: number, mailbox: OutlookMailbox, item: StoredItem): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      const waiting = mailbox.get(item.id)
      if (waiting?.folder === 'outbox') this.#deliver(mailbox, waiting)
    }, ms)
    this.#timers.add(timer)
  }

  #deliver(mailbox: OutlookMailbox, item: StoredItem): void {
    const raw = mailbox.raw(item)
    mailbox.move([item], 'sentitems')
    this.#parts.post.send(withoutBcc(raw), checkedRecipients(raw, mailbox))
  }
}

function headOf(raw: Buffer): { text: string; head: string; body: number } {
  const text = raw.toString('latin1')
  const { body } = splitHeaders(text, 0, text.length)
  return { text, head: text.slice(0, body), body }
}

/** From, Message-ID and MIME-Version where they are missing, and the time of sending. */
function stamped(raw: Buffer, mailbox: OutlookMailbox, now: number): Buffer {
  const { text, head, body } = headOf(raw)
  const { headers } = splitHeaders(head, 0, head.length)
  const { name, email } = mailbox.account
  const lines = [`Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`]
  if (headerValue(headers, 'from') === undefined) lines.push(`From: ${name} <${email}>`)
  if (headerValue(headers, 'message-id') === undefined)
    lines.push(
      `Message-ID: <${now.toString(16)}${mailbox.changes.current.toString(16)}@outlook.sandbox.inlet.test>`,
    )
  if (headerValue(headers, 'mime-version') === undefined) lines.push('MIME-Version: 1.0')
  const kept = withoutHeaders(head, ['date']).trimEnd()
  const start = [...lines, ...(kept === '' ? [] : [kept])].join('\r\n')
  return Buffer.from(`${start}\r\n\r\n${text.slice(body)}`, 'latin1')
}

function withoutBcc(raw: Buffer): Buffer {
  const { text, head, body } = headOf(raw)
  return Buffer.from(withoutHeaders(head, ['bcc']) + text.slice(body), 'latin1')
}

function checkedRecipients(raw: Buffer, mailbox: OutlookMailbox): string[] {
  const { headers } = splitHeaders(headOf(raw).head, 0, raw.length)
  const addresses = (name: string): string[] =>
    headers
      .filter(header => header.name.toLowerCase() === name)
      .flatMap(header => addressParser(decodeHeader(header.value), { flatten: true }))
      .flatMap(({ address }) => address?.toLowerCase() ?? [])
  if (addresses('from').some(address => address !== mailbox.email)) {
    fail(
      403,
      'ErrorSendAsDenied',
      'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.',
    )
  }
  const to = [...addresses('to'), ...addresses('cc'), ...addresses('bcc')]
  if (to.length === 0 || to.some(address => !address.includes('@'))) {
    fail(400, 'ErrorInvalidRecipients', "At least one recipient isn't valid.")
  }
  return [...new Set(to)]
}
