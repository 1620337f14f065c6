import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Faults } from '../../faults.ts'
import type { Collection, Op, Store } from '../../store/store.ts'
import type { OutlookMailbox } from '../mailbox/outlook-mailbox.ts'
import type { Edit } from '../mailbox/types.ts'
import { changesFor } from './matching.ts'
import { changeNotification, lifecycleNotification } from './payload.ts'

export type ChangeType = 'created' | 'updated' | 'deleted'

export interface StoredSubscription {
  id: string
  email: string
  client: string
  changeTypes: readonly ChangeType[]
  /** As the client wrote it. */
  resource: string
  /** The folder it is about; null is the whole mailbox. */
  folder: string | null
  filter: string | null
  notificationUrl: string
  lifecycleUrl: string | null
  clientState: string | null
  tls: string | null
  /** Epoch ms. */
  expires: number
  immutableIds: boolean
  /** Epoch ms after which nothing is delivered until it is reauthorised or renewed. */
  pausedFrom: number | null
}

export type LifecycleEvent = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed'

/** What is to be posted where; the outbox of notifications makes it durable. */
export interface Notice {
  email: string
  url: string
  lifecycle: boolean
  payload: object
}

export interface NoticeQueue {
  enqueue(notices: readonly Notice[]): Op[]
  pump(): void
}

/** All subscriptions of all accounts, and which change concerns which of them. */
export class Subscriptions {
  #store: Store
  #clock: Clock
  #faults: Faults
  #queue: NoticeQueue
  #stored: Collection<StoredSubscription>

  constructor(parts: { store: Store; clock: Clock; faults: Faults; queue: NoticeQueue }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#faults = parts.faults
    this.#queue = parts.queue
    this.#stored = parts.store.collection('graph-subscriptions')
  }

  get(id: string): StoredSubscription | undefined {
    const found = this.#stored.get(id)
    return found && this.#live(found) ? found : undefined
  }

  of(email: string): StoredSubscription[] {
    return [...this.#stored.values()].filter(stored => stored.email === email && this.#live(stored))
  }

  all(): StoredSubscription[] {
    return [...this.#stored.values()].filter(stored => this.#live(stored))
  }

  add(subscription: Omit<StoredSubscription, 'id'>): StoredSubscription {
    const stored = { ...subscription, id: randomUUID() }
    this.#store.commit([...this.#dropExpired(), this.#stored.put(stored.id, stored)])
    return stored
  }

  put(subscription: StoredSubscription): StoredSubscription {
    this.#store.commit([this.#stored.put(subscription.id, subscription)])
    return subscription
  }

  remove(id: string): boolean {
    const found = this.get(id)
    if (found) this.#store.commit([this.#stored.del(id)])
    return found !== undefined
  }

  /** Notices for a mailbox's edits, as ops of the same commit. */
  notify(mailbox: OutlookMailbox, edits: readonly Edit[]): Op[] {
    const now = this.#clock.now()
    const awake = this.of(mailbox.email).filter(({ pausedFrom }) => pausedFrom === null || pausedFrom > now)
    const notices = awake.flatMap(subscription => {
      const changes = edits.flatMap(edit => changesFor(mailbox, subscription, edit))
      return changes.map(change => ({
        email: mailbox.email,
        url: subscription.notificationUrl,
        lifecycle: false,
        payload: changeNotification(mailbox, subscription, change),
      }))
    })
    if (notices.length === 0 || this.#faults.take('watch.silent', { account: mailbox.email })) return []
    return this.#queue.enqueue(notices)
  }

  /**
   * What Graph tells about a subscription's life. `subscriptionRemoved` removes it;
   * `reauthorizationRequired` pauses it `graceMs` later unless it is answered. Returns whether there
   * was an address to tell it to.
   */
  lifecycle(subscription: StoredSubscription, event: LifecycleEvent, graceMs: number): boolean {
    const { id, email, lifecycleUrl } = subscription
    const ops: Op[] = []
    if (event === 'subscriptionRemoved') ops.push(this.#stored.del(id))
    if (event === 'reauthorizationRequired') {
      ops.push(this.#stored.put(id, { ...subscription, pausedFrom: this.#clock.now() + graceMs }))
    }
    if (lifecycleUrl !== null) {
      const payload = lifecycleNotification(subscription, event)
      ops.push(...this.#queue.enqueue([{ email, url: lifecycleUrl, lifecycle: true, payload }]))
    }
    this.#store.commit(ops)
    this.#queue.pump()
    return lifecycleUrl !== null
  }

  #live({ expires }: StoredSubscription): boolean {
    return expires > this.#clock.now()
  }

  #dropExpired(): Op[] {
    return [...this.#stored.values()]
      .filter(stored => !this.#live(stored))
      .map(stored => this.#stored.del(stored.id))
  }
}
