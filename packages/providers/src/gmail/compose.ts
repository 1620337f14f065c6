import type { OutgoingMail } from '@inlet/sync/provider-port'
import MailComposer from 'nodemailer/lib/mail-composer'
import { CLIENT_ID_HEADER } from '../send-memory.ts'

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
