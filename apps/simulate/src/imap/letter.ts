import { Buffer } from 'node:buffer'
import { identityOf } from '@inlet/providers/imap/identity'
import { toPulledMessage } from '@inlet/providers/imap/message'
import { threadOf } from '@inlet/providers/imap/threads'
import type { PulledMessage } from '@inlet/sync/provider-port'
import type { FetchMessageObject } from 'imapflow'

/** A message without where it lies: what FETCH tells of it. Two with the same facts are the same mail. */
export type Letter = {
  id: string
  row: Pick<FetchMessageObject, 'envelope' | 'internalDate' | 'size' | 'emailId' | 'threadId'>
  source: Buffer
  /** As it should be stored, but for its state. */
  message: PulledMessage
}

export type Written = {
  header: string
  from: string
  to: string
  subject: string
  text: string
  /** The Message-ID that began the conversation. */
  root: string | null
  /** Whole seconds, as INTERNALDATE has them. */
  at: number
  emailId?: string
  threadId?: string
}

export function letterOf({ header, from, to, subject, text, root, at, emailId, threadId }: Written): Letter {
  const references = root === null ? [] : [`References: ${root}`]
  const lines = [
    `Message-ID: ${header}`,
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    ...references,
    '',
    text,
  ]
  const source = Buffer.from(lines.join('\r\n'))
  const internalDate = new Date(Math.floor(at / 1_000) * 1_000)
  const row = {
    envelope: { messageId: header, from: [{ address: from }], subject },
    internalDate,
    size: source.length,
    ...(emailId !== undefined && { emailId }),
    ...(threadId !== undefined && { threadId }),
  }
  const id = identityOf(row)
  const placing = { id, threadId: '', version: 1n, labelIds: [] }
  const message = toPulledMessage(placing, row, source, { bodies: true })
  return {
    id,
    row,
    source,
    message: { ...message, threadId: threadId === undefined ? threadOf(message) : `S${threadId}` },
  }
}
