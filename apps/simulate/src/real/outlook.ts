import { FAULTS } from './faults.ts'
import { GraphApi, type GraphFolder, type GraphMessage } from './graph-api.ts'
import { type Answered, letter, plainHeaders } from './letter.ts'
import type { Held, Mailbox, ProviderAct } from './mailbox.ts'
import type { Person } from './person.ts'
import type { Sandbox } from './sandbox.ts'
import { pick } from './scene.ts'

/** A flag is the one label that is no folder. */
const STARRED = 'STARRED'
/** Refresh tokens end for a reason, which Entra tells. */
const REASONS = ['consent', 'expired', 'password', 'mfa'] as const
const ENDS = ['subscriptionRemoved', 'reauthorizationRequired', 'missed'] as const

const isFlagged = ({ flag }: GraphMessage) => flag.flagStatus === 'flagged'

export class OutlookMailbox implements Mailbox {
  readonly kind = 'outlook'
  readonly email: string
  readonly #sandbox: Sandbox
  readonly #api: GraphApi
  /** Faults of single messages. */
  readonly #broken: string[] = []

  constructor(sandbox: Sandbox, email: string) {
    this.#sandbox = sandbox
    this.email = email
    this.#api = new GraphApi(sandbox, email)
  }

  async create(messages: number): Promise<void> {
    await this.#sandbox.control('microsoft/accounts', { email: this.email, name: 'Somebody', messages })
  }

  connect(person: Person): Promise<void> {
    return person.consent('graph', this.email)
  }

  receive(text: string): Promise<void> {
    return this.#sandbox.deliver(this.email, text)
  }

  async answerable(share: number): Promise<Answered | null> {
    const one = pick(await this.#api.messages(), share)
    return one ? { messageId: one.internetMessageId ?? '', references: '', subject: one.subject ?? '' } : null
  }

  async held(): Promise<Held> {
    const folders = await this.#api.folders()
    const seen = new Set(folders.map(({ id }) => id))
    const messages = (await this.#api.messages()).filter(({ parentFolderId }) => seen.has(parentFolderId))
    return {
      messages: messages.map(message => ({
        id: message.id,
        thread: message.conversationId,
        labels: [message.parentFolderId, ...(isFlagged(message) ? [STARRED] : [])],
        row: {
          unread: !message.isRead,
          starred: isFlagged(message),
          draft: message.isDraft,
          receivedAt: Date.parse(message.receivedDateTime),
          ...plainHeaders(message.subject ?? '', message.internetMessageId ?? ''),
        },
      })),
      labels: [
        ...folders.map(({ id, path }) => ({ key: id, id, name: path })),
        { key: STARRED, id: STARRED, name: null },
      ],
    }
  }

  async bell(): Promise<unknown> {
    type State = { accounts: { email: string; subscriptions: unknown[] }[]; notifications: object }
    const { accounts, notifications } = await this.#sandbox.control<State>('microsoft/state')
    const subscriptions = accounts.find(({ email }) => email === this.email)?.subscriptions
    return { subscriptions, notifications }
  }

  async perform(act: ProviderAct): Promise<unknown> {
    const { r, s, type } = act
    const { email: account } = this
    const api = this.#api
    const control = (path: string, body: object) =>
      this.#sandbox.control(`microsoft/${path}`, { account, ...body })
    switch (type) {
      case 'createLabel': {
        // Some below another.
        const parent = s < 0.3 ? pick(await this.#own(), r) : undefined
        const path = parent ? `mailFolders/${parent.id}/childFolders` : 'mailFolders'
        return api.call('POST', path, { displayName: `Folder ${Math.floor(r * 1_000)}` })
      }
      case 'renameLabel':
      case 'deleteLabel': {
        const folder = pick(await this.#own(), s)
        if (!folder) return
        // Into Deleted Items, or for good if it lies there already.
        if (type === 'deleteLabel') return api.call('DELETE', `mailFolders/${folder.id}`)
        return api.call('PATCH', `mailFolders/${folder.id}`, {
          displayName: `Renamed ${Math.floor(r * 1_000)}`,
        })
      }
      case 'send':
        return api.call('POST', 'sendMail', {
          message: { ...draftOf(`Elsewhere ${r}`), toRecipients: to(account) },
        })
      case 'draft':
        return api.call('POST', 'messages', draftOf(`Draft ${r}`))
      case 'break': {
        // One that is here already, or one that arrives and cannot be read in all three tries that follow at once.
        const one = s < 0.4 ? pick(await api.messages(), r)?.id : '*'
        if (!one) return
        const match = { account, path: `/v1.0/me/messages/${one}`, method: 'GET' }
        const fault = { kind: 'status', status: 500, match, ...(one === '*' && { count: 3 }) }
        this.#broken.push((await this.#sandbox.control<{ id: string }>('faults', fault)).id)
        return one === '*' && this.receive(letter(account, `Hard to read ${r}`))
      }
      case 'heal':
        return Promise.all(this.#broken.splice(0).map(id => this.#sandbox.endFault(id)))
      case 'expireCursor':
        return control('expire-delta', s < 0.4 ? {} : { folder: s < 0.6 ? 'folders' : 'inbox' })
      case 'expireTokens':
        return control('expire-tokens', {})
      case 'revoke':
        return control('revoke', { reason: pick(REASONS, s) })
      case 'endWatch':
        return control('lifecycle', { event: pick(ENDS, s), graceMs: 1_000 })
      case 'removeWatch':
        return control('remove-subscriptions', {})
      case 'provider': {
        const { fault, forMs, probability } = act
        const request = FAULTS.outlook[fault as keyof (typeof FAULTS)['outlook']]
        const seed = Math.floor(r * 2 ** 31)
        return this.#sandbox.control('faults', { ...request, match: { account }, forMs, probability, seed })
      }
    }
    return this.#onMessages(act)
  }

  async #onMessages({ r, s, type }: ProviderAct): Promise<unknown> {
    const api = this.#api
    const all = await api.messages()
    const one = pick(all, r)
    if (!one) return
    const path = `messages/${one.id}`
    const move = ({ id }: GraphMessage, destinationId: string) =>
      api.call('POST', `messages/${id}/move`, { destinationId })
    switch (type) {
      case 'read':
        return api.call('PATCH', path, { isRead: !one.isRead })
      case 'star':
        return api.call('PATCH', path, { flag: { flagStatus: isFlagged(one) ? 'notFlagged' : 'flagged' } })
      case 'trash':
        return move(one, 'deleteditems')
      case 'delete':
        // DELETE is no more than a move, but from Deleted Items.
        return s < 0.5 ? api.call('POST', `${path}/permanentDelete`) : api.call('DELETE', path)
    }
    const to = pick(await this.#own(), s)?.id ?? 'archive'
    switch (type) {
      case 'label':
        await move(one, to)
        // Sometimes taken back at once.
        return r < 0.2 && move(one, one.parentFolderId)
      case 'moveThread':
        return Promise.all(
          all
            .filter(({ conversationId }) => conversationId === one.conversationId)
            .map(each => move(each, to)),
        )
      case 'many':
        if (s < 0.5)
          return Promise.all(
            all.slice(0, 20).map(({ id }) => api.call('PATCH', `messages/${id}`, { isRead: true })),
          )
        return this.#sandbox.control('microsoft/move', {
          ...{ account: this.email, from: 'inbox', to, count: 10, silent: s > 0.8 },
        })
    }
  }

  async #own(): Promise<GraphFolder[]> {
    return (await this.#api.folders()).filter(({ own }) => own)
  }
}

const to = (address: string) => [{ emailAddress: { address } }]

const draftOf = (subject: string) => ({
  subject,
  body: { contentType: 'text', content: 'Hello.' },
  toRecipients: to('bob@example.com'),
})
