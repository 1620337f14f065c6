import type { Message } from '@inlet/protocol/entities'
import type { Answered } from './letter.ts'
import type { Person } from './person.ts'
import type { Act, Kind } from './plan.ts'

/** Acts that take place at a mailbox's provider. */
export type ProviderAct = Exclude<
  Extract<Act, { mailbox: number }>,
  { type: 'deliver' | 'mutate' | 'reconnect' | 'stop' | 'start' | 'syncNow' | 'resync' }
>

/** A mailbox at its provider, past the product: as another mail program of the person has it, and the provider itself. */
export interface Mailbox {
  readonly kind: Kind
  readonly email: string
  /** Makes it there, with so many messages in it. */
  create(messages: number): Promise<void>
  /** The person grants the product access, the first time or again. */
  connect(person: Person): Promise<void>
  /** A letter, as made by `letter`, arrives. */
  receive(letter: string): Promise<void>
  /** The message that a share in [0, 1) means, to be answered; null when there is none. */
  answerable(share: number): Promise<Answered | null>
  /** Throws Refused for what the provider refuses or loses; that is no news. */
  perform(act: ProviderAct): Promise<unknown>
  held(): Promise<Held>
  /** What the provider knows of our doorbell there, for a report. */
  bell(): Promise<unknown>
}

/** All that a provider has of a mailbox. */
export type Held = { messages: HeldMessage[]; labels: HeldLabel[] }

export type HeldMessage = {
  /** The provider's; null where it gives none: then Message-ID and time of arrival tell one from another. */
  id: string | null
  /** The provider's id of its thread; where it gives none, what all messages of a thread have in common. */
  thread: string
  /** Keys of labels. */
  labels: string[]
  /** What can be told of the stored row without reading mail as the product reads it. */
  row: Pick<Message, 'unread' | 'starred' | 'draft' | 'receivedAt'> &
    Partial<Pick<Message, 'subject' | 'messageIdHeader' | 'sizeBytes'>>
}

/** A label or folder. `id`: the provider's, null where it gives none. `name`: null where that is the product's choice. */
export type HeldLabel = { key: string; id: string | null; name: string | null }

/** What a provider refused, or the network lost. */
export class Refused extends Error {}
