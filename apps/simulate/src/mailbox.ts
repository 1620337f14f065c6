import type { Provider } from '@inlet/protocol/entities'
import type { PulledPlace } from '@inlet/sync/places'
import { ProviderError } from '@inlet/sync/provider-errors'
import type {
  ListedPage,
  Listing,
  Notice,
  ProviderPort,
  PulledLabel,
  PulledMessage,
  PulledPage,
  ResourceSpec,
  WatchGrant,
  WatchRequest,
} from '@inlet/sync/provider-port'
import type { Random } from './random.ts'

/** How the subjects of what a person sends from here begin; each of those is sent once. */
export const SENT_HERE = 'Sent '

/** What a provider says of itself, whatever mailbox it is asked about. */
export type Traits = Pick<ProviderPort, 'provider' | 'silentLabels' | 'tree' | 'placed'>

export type MailboxWorld = {
  email: string
  now: () => number
  random: Random
  ring: (notice: Ring) => void
  after: (ms: number, run: () => void) => void
  /** Is this message stored, as lying in this folder? */
  isStored: (messageId: string, folder: string) => boolean
}

/** A push, before it has an id. */
export type Ring = Notice extends infer N ? (N extends Notice ? Omit<N, 'pushId'> : never) : never

export type Letter = {
  threadId?: string
  labelIds?: string[]
  from?: string
  subject?: string
}

/** A page of changes: what it says is dated when it arrives. `next`: where the next one begins; null: this was the last. */
export type Answer = { arrive: (at: number) => PulledPage; next: string | null }
/** Where a message lies, as `Place` has it but for the folder. */
export type Lying = PulledPlace & { epoch: string }
/** A message as it is, and the position of the resource from which on it is told. */
export type Told = { message: PulledMessage; at: bigint }

/**
 * A person's mailbox at the provider: what is true. Labels may be sets or folders; cursors, listings and doorbells are as
 * each provider has them. Messages are never changed in place.
 */
export abstract class Mailbox {
  readonly email: string
  readonly messages = new Map<string, PulledMessage>()
  readonly broken = new Set<string>()
  /** The next answer that holds one of these is late, and by then it has changed and cannot be read again. */
  readonly flickering = new Set<string>()
  /** Labels that are gone, and the cursors with them, as soon as an answer has told that a message carries them. */
  readonly fleeting = new Set<string>()
  /** Messages that have lost such a label: the next answer that holds one is late, and by then it has changed again. */
  readonly overtaking = new Set<string>()
  /** What happens to a message as soon as a listing has met it; the page that tells of it is late. */
  readonly onceListed = new Map<string, () => void>()
  /** Access tokens of this generation are accepted; a revoked grant waits for a new one. */
  generation = 1
  revoked = false
  /** Sends that went out, by client id. */
  readonly sent = new Map<string, number>()
  protected readonly world: MailboxWorld
  protected made = 0

  constructor(world: MailboxWorld) {
    this.world = world
    this.email = world.email
  }

  // -- as its owner's other devices change it --

  abstract deliver(now: number, letter?: Letter): PulledMessage
  /** Adds and takes away labels, UNREAD and STARRED among them; where labels are folders, that moves the message. */
  abstract label(id: string, add: string[], remove: string[]): void
  abstract remove(id: string): void
  abstract createLabel(name: string): string
  abstract renameLabel(id: string, name: string): void
  /** `told`: its messages' changes tell of it. */
  abstract deleteLabel(id: string, told: boolean): void
  /** Cursors given out so far are now too old: all of them, or those of one resource. */
  abstract expireCursors(share: number): void
  abstract endWatch(share: number): void
  /** A push that only pretends to come from the provider. */
  abstract forgePush(share: number): void

  /** Lets happen what was to happen once a listing has met these. Answers whether anything did: then its page is late. */
  metInListing(ids: readonly string[]): boolean {
    const happens = ids.flatMap(id => this.onceListed.get(id) ?? [])
    for (const id of ids) this.onceListed.delete(id)
    for (const change of happens) change()
    return happens.length > 0
  }

  ids(): string[] {
    return [...this.messages.keys()]
  }

  carries(id: string, label: string): boolean {
    const message = this.messages.get(id)
    if (label === 'UNREAD') return message?.unread ?? false
    return message?.labelIds.includes(label) ?? false
  }

  toggle(id: string, label: string): void {
    const has = this.carries(id, label)
    this.label(id, has ? [] : [label], has ? [label] : [])
  }

  ownLabels(): string[] {
    return this.labels.filter(label => label.role === null).map(label => label.id)
  }

  // -- what the provider answers --

  abstract readonly traits: Traits
  abstract readonly labels: PulledLabel[]
  abstract resources(): ResourceSpec[]
  abstract cursor(resource: string): string
  /** Throws `cursor_expired`. */
  abstract page(resource: string, cursor: string, size: number): Answer
  abstract listings(resource: string): Listing[]
  abstract list(
    resource: string,
    listing: string,
    position: string | null,
    size: number,
    askedAt: number,
  ): ListedPage
  /** The message as an answer tells it that was asked for at `askedAt`. */
  abstract state(id: string, askedAt: number): PulledMessage | undefined
  abstract count(resource: string | null): number
  abstract watch(resource: string, request: WatchRequest, until: number): WatchGrant
  abstract unwatch(providerId: string): void
  /** An answer has shown this message. */
  abstract shown(id: string): void

  // -- for the judges --

  /** Where a cursor stands; later ones are greater. */
  abstract position(cursor: string): bigint
  abstract latest(resource: string): bigint
  /** Messages whose last change this resource tells. */
  abstract told(resource: string): Iterable<Told>
  /** Resources that the tree tells of, and its position from which on it does. */
  abstract branches(): Iterable<{ key: string; at: bigint }>
  /** Watches that have ended without a word live again. */
  abstract reviveWatches(until: number): void
  /** Where letters must go so that each doorbell rings. */
  abstract doors(): string[][]
  abstract secretOf(providerId: string): string | null
  /** What lies in a folder, where messages have places. */
  lying(_resource: string): Iterable<Lying> {
    return []
  }
  /** What has gone from a folder, where the server numbers that. */
  expunged(_resource: string): Iterable<{ epoch: string; uid: number; modseq: bigint }> {
    return []
  }
  /** Since when it has been there, or in this folder, without a break, for messages that come again. */
  lainSince(_id: string, _folder?: string): number {
    return 0
  }
  /** Messages whose changes ring a doorbell. */
  heard(): string[] {
    return this.ids()
  }
  get sentLabel(): string {
    return 'SENT'
  }

  protected write(now: number, letter: Letter): Omit<PulledMessage, 'version'> {
    const id = `m${++this.made}`
    const labelIds = letter.labelIds ?? ['INBOX', 'UNREAD']
    const email = letter.from ?? 'ada@example.com'
    return {
      id,
      threadId: letter.threadId ?? `t${this.made}`,
      subject: letter.subject ?? `Mail ${this.made}`,
      from: { name: email.slice(0, email.indexOf('@')), email },
      to: [{ name: '', email: this.email }],
      cc: [],
      bcc: [],
      replyTo: [],
      snippet: `Snippet ${this.made}`,
      receivedAt: now,
      sentAt: null,
      labelIds,
      unread: labelIds.includes('UNREAD'),
      starred: labelIds.includes('STARRED'),
      draft: false,
      sizeBytes: 1_000 + this.made,
      messageIdHeader: `<${id}@${this.email}>`,
      inReplyTo: null,
      references: [],
      attachments: [],
      body: { html: null, text: `Body ${this.made}`, warning: null },
    }
  }
}

export const NOTHING = { upserts: [], touched: [], patches: [], deletions: [] } satisfies Partial<PulledPage>

export const labelOf = (
  id: string,
  name: string,
  role: PulledLabel['role'],
  hidden = false,
): PulledLabel => ({ id, name, role, color: null, hidden })

/** One page of messages, newest first, from a position that names the last message of the page before. */
export function listed(
  messages: PulledMessage[],
  position: string | null,
  size: number,
): { items: PulledMessage[]; next: string | null; total: number } {
  if (position !== null && !/^\d+\|./.test(position))
    throw new ProviderError('cursor_expired', `There is no position ${position}.`)
  const all = messages.sort((a, b) => b.receivedAt - a.receivedAt || (a.id < b.id ? 1 : -1))
  const [at, id = ''] = position?.split('|') ?? []
  const rest =
    at === undefined
      ? all
      : all.filter(each => each.receivedAt < Number(at) || (each.receivedAt === Number(at) && each.id < id))
  const items = rest.slice(0, size)
  const last = items.at(-1)
  const next = rest.length > items.length && last ? `${last.receivedAt}|${last.id}` : null
  return { items, next, total: all.length }
}

export type Kind = Extract<Provider, 'gmail' | 'graph' | 'imap'>
