import { createHash } from 'node:crypto'
import type { OutgoingMail } from '@inlet/sync/provider-port'
import MailComposer from 'nodemailer/lib/mail-composer'

/** Survives in the filed copy where Gmail replaces the Message-ID; opaque, as recipients can see it. */
export const CLIENT_ID_HEADER = 'X-Inlet-Client-Id'

/** What one client id of one account becomes in a message. The same each time: that is what finds it again. */
export function traceOf(
  accountId: string,
  clientId: string,
  fromEmail: string,
): { token: string; messageId: string } {
  const token = createHash('sha256').update(`${accountId}\n${clientId}`).digest('base64url').slice(0, 32)
  const domain = /@([a-z0-9.-]+\.[a-z0-9-]+)$/i.exec(fromEmail)?.[1] ?? 'localhost.localdomain'
  return { token, messageId: `<${token}@${domain}>` }
}

/** The mail as RFC 5322 bytes. Bcc is kept: Gmail reads its recipients from it and takes it out. */
export async function compose(
  mail: OutgoingMail,
  trace: { token: string; messageId: string },
  date: number,
): Promise<Buffer> {
  const people = (all: OutgoingMail['to']) => all.map(({ name, email }) => ({ name, address: email }))
  const node = new MailComposer({
    from: { name: mail.from.name, address: mail.from.email },
    to: people(mail.to),
    cc: people(mail.cc),
    bcc: people(mail.bcc),
    subject: mail.subject,
    text: mail.text,
    ...(mail.html !== null && { html: mail.html }),
    ...(mail.inReplyTo !== null && { inReplyTo: mail.inReplyTo }),
    ...(mail.references.length > 0 && { references: mail.references }),
    messageId: trace.messageId,
    date: new Date(date),
    headers: { [CLIENT_ID_HEADER]: trace.token },
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile()
  node.keepBcc = true
  return await node.build()
}
