import { ProviderError } from '@inlet/sync/provider-errors'
import type { MutateOutcome, OutgoingMail, ProviderMutation, PulledMessage } from '@inlet/sync/provider-port'

type Outgoing = Extract<ProviderMutation, { mail: OutgoingMail }>
type Mailbox = {
  /** Puts it among what was sent, or among the drafts; its id. */
  file(type: Outgoing['type'], content: Partial<PulledMessage>): string
  remove(id: string): void
}

/** What a fake mailbox sends and drafts: one of each for each client id. Nobody receives anything. */
export class FakeOutbox {
  readonly #sent = new Map<string, string>()
  readonly #drafts = new Map<string, string>()

  carryOut(change: Outgoing, mailbox: Mailbox): MutateOutcome {
    const { type, clientId, mail } = change
    if (type === 'send' && mail.to.length + mail.cc.length + mail.bcc.length === 0)
      throw new ProviderError('permanent', 'There is nobody to send this to.')
    const known = this.#sent.get(clientId)
    if (known !== undefined) return { state: 'done', messageId: known }
    const draft = this.#drafts.get(clientId)
    const id = mailbox.file(type, contentOf(change))
    if (draft !== undefined) mailbox.remove(draft)
    this.#drafts.delete(clientId)
    ;(type === 'send' ? this.#sent : this.#drafts).set(clientId, id)
    return { state: 'done', messageId: id }
  }
}

function contentOf({ type, mail }: Outgoing): Partial<PulledMessage> {
  const { from, to, cc, bcc, subject, text, html, threadId, inReplyTo, references } = mail
  return {
    ...{ from, to, cc, bcc, subject, inReplyTo, references },
    ...(threadId !== null && { threadId }),
    body: { text, html, warning: null },
    unread: false,
    draft: type === 'draft',
  }
}
