import type { Clock } from '../../clock.ts'
import type { Faults } from '../../faults.ts'
import type { Mailbox } from '../../mailbox/mailbox.ts'
import type { Mailboxes } from '../../mailbox/mailboxes.ts'
import type { HistoryRecord } from '../../mailbox/types.ts'
import type { Collection, Store } from '../../store/store.ts'
import type { PubSub } from '../pubsub/pubsub.ts'

/** Google's bound: a watch lives seven days at most. */
export const WATCH_LIFE_MS = 7 * 24 * 3600_000

interface StoredWatch {
  email: string
  topic: string
  /** Mailbox label ids; empty watches everything. */
  labels: readonly string[]
  exclude: boolean
  /** Epoch ms. */
  expires: number
  /** The newest change that was published: what is newer is still owed after a restart. */
  notified: number
}

export interface WatchStatistics {
  published: number
  coalesced: number
  dropped: number
}

interface Pace {
  lastAt: number
  timer: NodeJS.Timeout | null
}

/**
 * Turns mailbox changes into Pub/Sub messages while a watch lives: the first at once, those within
 * the same second as one trailing message with the newest history id (or, under the fault
 * `watch.drop-excess`, never, as the strict reading of Gmail's limit has it).
 */
export class Watches {
  readonly statistics: WatchStatistics = { published: 0, coalesced: 0, dropped: 0 }
  #watches: Collection<StoredWatch>
  #paces = new Map<string, Pace>()
  #store: Store
  #clock: Clock
  #faults: Faults
  #pubsub: PubSub
  #mailboxes: Mailboxes
  #intervalMs: number

  constructor(parts: {
    store: Store
    clock: Clock
    faults: Faults
    pubsub: PubSub
    mailboxes: Mailboxes
    perSecond: number
  }) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#faults = parts.faults
    this.#pubsub = parts.pubsub
    this.#mailboxes = parts.mailboxes
    this.#intervalMs = 1000 / parts.perSecond
    this.#watches = parts.store.collection('watches')
  }

  /** Publishes what a kill left owing. */
  resume(): void {
    for (const watch of this.#watches.values()) {
      const mailbox = this.#mailboxes.get(watch.email)
      const owed = mailbox?.history.since(watch.notified)
      if (mailbox && (owed === null || owed === undefined || owed.some(record => concerns(watch, record)))) {
        this.#ring(mailbox)
      }
    }
  }

  start(mailbox: Mailbox, topic: string, labels: readonly string[], exclude: boolean): StoredWatch {
    const expires = this.#clock.now() + WATCH_LIFE_MS
    const watch = { email: mailbox.email, topic, labels, exclude, expires, notified: mailbox.history.current }
    this.#store.commit([this.#watches.put(mailbox.email, watch)])
    if (!this.#faults.take('watch.silent', { account: mailbox.email })) this.#publish(mailbox)
    return watch
  }

  stop(email: string): boolean {
    if (!this.#watches.has(email)) return false
    this.#store.commit([this.#watches.del(email)])
    return true
  }

  /** Lets a watch lapse as time would: nothing tells the client. */
  expire(email: string): boolean {
    const watch = this.#watches.get(email)
    if (!watch) return false
    this.#store.commit([this.#watches.put(email, { ...watch, expires: this.#clock.now() })])
    return true
  }

  list(): (StoredWatch & { live: boolean })[] {
    return [...this.#watches.values()].map(watch => ({ ...watch, live: watch.expires > this.#clock.now() }))
  }

  changed(mailbox: Mailbox, records: readonly HistoryRecord[]): void {
    const watch = this.#live(mailbox.email)
    if (watch && records.some(record => concerns(watch, record))) this.#ring(mailbox)
  }

  close(): void {
    for (const pace of this.#paces.values()) if (pace.timer) clearTimeout(pace.timer)
    this.#paces.clear()
  }

  #live(email: string): StoredWatch | undefined {
    const watch = this.#watches.get(email)
    return watch && watch.expires > this.#clock.now() ? watch : undefined
  }

  #ring(mailbox: Mailbox): void {
    const pace = this.#paces.get(mailbox.email)
    const wait = pace ? pace.lastAt + this.#intervalMs - performance.now() : 0
    if (wait <= 0 && !pace?.timer) {
      if (!this.#faults.take('watch.silent', { account: mailbox.email })) this.#publish(mailbox)
      return
    }
    if (!pace || pace.timer) {
      this.statistics.coalesced++
      return
    }
    if (this.#faults.take('watch.drop-excess', { account: mailbox.email })) {
      this.statistics.dropped++
      return
    }
    this.statistics.coalesced++
    pace.timer = setTimeout(() => {
      pace.timer = null
      if (this.#live(mailbox.email) && !this.#faults.take('watch.silent', { account: mailbox.email })) {
        this.#publish(mailbox)
      }
    }, wait)
  }

  #publish(mailbox: Mailbox): void {
    const watch = this.#live(mailbox.email)
    if (!watch) return
    // The same object: a trailing timer that is set now clears itself in it.
    const pace = this.#paces.get(mailbox.email) ?? { lastAt: 0, timer: null }
    this.#paces.set(mailbox.email, pace)
    pace.lastAt = performance.now()
    const notified = mailbox.history.current
    this.statistics.published++
    this.#pubsub.publish(mailbox.email, { emailAddress: mailbox.email, historyId: notified }, [
      this.#watches.put(mailbox.email, { ...watch, notified }),
    ])
  }
}

function concerns(watch: StoredWatch, record: HistoryRecord): boolean {
  if (watch.labels.length === 0) return true
  const touched = [...record.labels, ...(record.labelsRemoved ?? [])]
  const hit = touched.some(label => watch.labels.includes(label))
  return watch.exclude ? !hit : hit
}
