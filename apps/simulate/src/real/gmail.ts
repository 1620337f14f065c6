import { FAULTS } from './faults.ts'
import { GmailApi, type GmailLabel, type GmailMessage, headerOf } from './gmail-api.ts'
import { type Answered, letter, plainHeaders } from './letter.ts'
import type { Held, HeldMessage, Mailbox, ProviderAct } from './mailbox.ts'
import type { Person } from './person.ts'
import type { Sandbox } from './sandbox.ts'
import { pick } from './scene.ts'

const base64url = (text: string) => Buffer.from(text).toString('base64url')
const isOwn = ({ type }: GmailLabel) => type === 'user'

export class GmailMailbox implements Mailbox {
  readonly kind = 'gmail'
  readonly email: string
  readonly #sandbox: Sandbox
  readonly #api: GmailApi
  /** Faults of single messages. */
  readonly #broken: string[] = []
  /** What was read last: messages are read again only when the history has moved on. */
  #known: { historyId: string; messages: GmailMessage[] } | null = null

  constructor(sandbox: Sandbox, email: string) {
    this.#sandbox = sandbox
    this.email = email
    this.#api = new GmailApi(sandbox, email)
  }

  async create(messages: number): Promise<void> {
    await this.#sandbox.control('accounts', { email: this.email, name: 'Somebody', messages })
  }

  connect(person: Person): Promise<void> {
    return person.consent('gmail', this.email)
  }

  receive(text: string): Promise<void> {
    return this.#sandbox.deliver(this.email, text)
  }

  async answerable(share: number): Promise<Answered | null> {
    const one = pick(await this.#api.ids(), share)
    if (!one) return null
    const message = await this.#api.message(one.id)
    const messageId = headerOf(message, 'message-id')
    return { messageId, references: headerOf(message, 'references'), subject: headerOf(message, 'subject') }
  }

  async held(): Promise<Held> {
    const historyId = await this.#api.historyId()
    const labels = await this.#api.labels()
    if (this.#known?.historyId !== historyId) {
      const ids = await this.#api.ids()
      this.#known = { historyId, messages: await Promise.all(ids.map(({ id }) => this.#api.message(id))) }
    }
    return {
      messages: this.#known.messages.map(heldMessage),
      labels: labels.map(label => ({ key: label.id, id: label.id, name: isOwn(label) ? label.name : null })),
    }
  }

  async bell(): Promise<unknown> {
    type State = { accounts: { email: string; watch: unknown }[]; push: object }
    const { accounts, push } = await this.#sandbox.control<State>('state')
    return { watch: accounts.find(({ email }) => email === this.email)?.watch, push }
  }

  async perform(act: ProviderAct): Promise<unknown> {
    const { r, s, type } = act
    const { email: account } = this
    const api = this.#api
    const own = async () => pick((await api.labels()).filter(isOwn), s)
    switch (type) {
      case 'createLabel':
        return api.call('POST', 'labels', { name: `Label ${Math.floor(r * 1_000)}` })
      case 'send':
        return api.call('POST', 'messages/send', { raw: base64url(letter(account, `Elsewhere ${r}`)) })
      case 'draft':
        return api.call('POST', 'drafts', { message: { raw: base64url(letter(account, `Draft ${r}`)) } })
      case 'renameLabel':
      case 'deleteLabel': {
        const label = await own()
        if (!label) return
        if (type === 'deleteLabel') return api.call('DELETE', `labels/${label.id}`)
        return api.call('PATCH', `labels/${label.id}`, { name: `Renamed ${Math.floor(r * 1_000)}` })
      }
      case 'break': {
        // One that is here already, or one that arrives and cannot be read in all three tries that follow at once.
        const one = s < 0.4 ? pick(await api.ids(), r)?.id : '*'
        if (!one) return
        const match = { account, path: `/gmail/v1/users/*/messages/${one}`, method: 'GET' }
        const fault = { kind: 'status', status: 500, match, ...(one === '*' && { count: 3 }) }
        this.#broken.push((await this.#sandbox.control<{ id: string }>('faults', fault)).id)
        return one === '*' && this.receive(letter(account, `Hard to read ${act.r}`))
      }
      case 'heal':
        return Promise.all(this.#broken.splice(0).map(id => this.#sandbox.endFault(id)))
      case 'expireCursor':
        return this.#sandbox.control('expire-history', { account })
      case 'expireTokens':
        return this.#sandbox.control('expire-tokens', { account })
      case 'revoke':
        return this.#sandbox.control('revoke', { account })
      case 'endWatch':
        return this.#sandbox.control('expire-watch', { account })
      case 'removeWatch':
        return this.#sandbox.control('remove-watch', { account })
      case 'provider': {
        const { fault, forMs, probability } = act
        const request = FAULTS.gmail[fault as keyof (typeof FAULTS)['gmail']]
        const seed = Math.floor(r * 2 ** 31)
        await this.#sandbox.control('faults', { ...request, match: { account }, forMs, probability, seed })
        // A rotation shows only where a token is refreshed.
        if (fault === 'rotate') await this.#sandbox.control('expire-tokens', { account })
        return
      }
    }
    const all = await api.ids()
    const one = pick(all, r)
    if (!one) return
    if (type === 'delete') return api.call('DELETE', `messages/${one.id}`)
    if (type === 'trash') return api.call('POST', `messages/${one.id}/trash`)
    const filed = await own()
    if (type === 'many') {
      const change = s < 0.5 ? { removeLabelIds: ['UNREAD'] } : { addLabelIds: [filed?.id ?? 'STARRED'] }
      const ids = all.slice(0, 40).map(({ id }) => id)
      return api.call('POST', 'messages/batchModify', { ids, ...change })
    }
    if (type === 'moveThread')
      return api.call('POST', `threads/${one.threadId}/modify`, {
        addLabelIds: [filed?.id ?? 'TRASH'],
        removeLabelIds: ['INBOX'],
      })
    const label = type === 'read' ? 'UNREAD' : type === 'star' ? 'STARRED' : filed?.id
    if (!label) return
    const carries = (await api.message(one.id)).labelIds?.includes(label)
    return api.call('POST', `messages/${one.id}/modify`, {
      [carries ? 'removeLabelIds' : 'addLabelIds']: [label],
    })
  }
}

function heldMessage(message: GmailMessage): HeldMessage {
  const labels = message.labelIds ?? []
  return {
    id: message.id,
    thread: message.threadId,
    labels,
    row: {
      unread: labels.includes('UNREAD'),
      starred: labels.includes('STARRED'),
      draft: labels.includes('DRAFT'),
      receivedAt: Number(message.internalDate),
      sizeBytes: message.sizeEstimate,
      ...plainHeaders(headerOf(message, 'subject'), headerOf(message, 'message-id')),
    },
  }
}
