import type { Faults } from '../../faults.ts'
import { PROJECT } from '../google.ts'
import { type PubSub, pubsubMessage, type StoredPush } from './pubsub.ts'
import type { PushTokens } from './push-token.ts'

export interface PushOptions {
  endpoint: string
  /** `aud` of the token; default is the endpoint's exact address. */
  audience?: string
  serviceAccountEmail?: string
  /** How long an answer may take: 10 s by default, as in Pub/Sub. */
  ackDeadlineMs?: number
  /** Bounds of the backoff that NACKs impose on the whole subscription: 100 ms to 60 s by default. */
  minimumBackoffMs?: number
  maximumBackoffMs?: number
}

export interface PushStatistics {
  attempts: number
  acknowledged: number
  refused: number
  timedOut: number
  dropped: number
  doubled: number
  lastStatus: number | null
}

interface Item {
  push: StoredPush
  /** The second sending of a doubled message: it is never sent again. */
  copy: boolean
}

/** Exactly these codes acknowledge; 203, 206, any redirect and any error bring the message back. */
const ACKNOWLEDGING = new Set([102, 200, 201, 202, 204])
const MAX_CONCURRENCY = 50
const MAX_READY = 20_000
const REORDER_HOLD_MS = 3000

export const SUBSCRIPTION = `projects/${PROJECT}/subscriptions/gmail-push`

/**
 * Pushes waiting messages to the endpoint until each is acknowledged. Concurrency starts small and
 * grows with success; one refusal slows the whole subscription, as Pub/Sub's push backoff does.
 */
export class PushDelivery {
  readonly statistics: PushStatistics = {
    attempts: 0,
    acknowledged: 0,
    refused: 0,
    timedOut: 0,
    dropped: 0,
    doubled: 0,
    lastStatus: null,
  }
  #options: PushOptions | null
  #pubsub: PubSub
  #tokens: PushTokens
  #faults: Faults
  #ready: Item[] = []
  /** Held back by push.reorder until another message has been acknowledged. */
  #held: Item[] = []
  #inFlight = 0
  #window = 3
  #failures = 0
  #notBefore = 0
  #waking = false
  #timers = new Set<NodeJS.Timeout>()
  #closing = new AbortController()

  constructor(parts: { options: PushOptions | null; pubsub: PubSub; tokens: PushTokens; faults: Faults }) {
    this.#options = parts.options
    this.#pubsub = parts.pubsub
    this.#tokens = parts.tokens
    this.#faults = parts.faults
    this.#pubsub.onPublish = push => this.#enqueue(push)
    for (const push of this.#pubsub.waiting()) this.#ready.push({ push, copy: false })
    this.#pump()
  }

  get options(): PushOptions | null {
    return this.#options
  }

  /** Points the subscription elsewhere, or to nowhere (pull only); what waits goes to the new place. */
  configure(options: PushOptions | null): void {
    this.#options = options
    this.#failures = 0
    this.#notBefore = 0
    this.#pump()
  }

  close(): void {
    this.#closing.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  #enqueue(push: StoredPush): void {
    const target = { account: push.email }
    const item: Item = { push, copy: false }
    if (this.#faults.take('push.drop', target)) {
      this.statistics.dropped++
      this.#pubsub.acknowledge([push.id])
      return
    }
    const delay = this.#faults.take('push.delay', target)
    if (delay) {
      this.#after(delay.ms ?? 1000, () => this.#send(item))
      return
    }
    if (this.#faults.take('push.reorder', target)) {
      this.#held.push(item)
      this.#after(REORDER_HOLD_MS, () => this.#release(item))
      return
    }
    this.#send(item)
    if (this.#faults.take('push.double', target)) {
      this.statistics.doubled++
      this.#send({ push, copy: true })
    }
  }

  #send(item: Item): void {
    // What the topic dropped as overflow must not pile up here either.
    if (this.#ready.length > MAX_READY)
      this.#ready = this.#ready.filter(({ push }) => this.#pubsub.get(push.id))
    this.#ready.push(item)
    this.#pump()
  }

  #release(item: Item | undefined): void {
    if (!item || !this.#held.includes(item)) return
    this.#held = this.#held.filter(other => other !== item)
    this.#send(item)
  }

  #after(ms: number, run: () => void): void {
    if (this.#closing.signal.aborted) return
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
  }

  #pump(): void {
    if (this.#closing.signal.aborted) return
    const wait = this.#notBefore - performance.now()
    if (wait > 0) {
      if (this.#ready.length > 0 && !this.#waking) {
        this.#waking = true
        this.#after(wait, () => {
          this.#waking = false
          this.#pump()
        })
      }
      return
    }
    while (this.#options && this.#inFlight < this.#window) {
      const item = this.#ready.shift()
      if (!item) return
      // A pull subscriber may have acknowledged it meanwhile.
      if (item.copy || this.#pubsub.get(item.push.id)) void this.#deliver(this.#options, item)
    }
  }

  async #deliver(options: PushOptions, item: Item): Promise<void> {
    this.#inFlight++
    const acknowledged = await this.#post(options, item.push)
    this.#inFlight--
    if (this.#closing.signal.aborted) return
    if (acknowledged) {
      this.statistics.acknowledged++
      this.#failures = 0
      this.#window = Math.min(MAX_CONCURRENCY, this.#window + 1)
      if (!item.copy) this.#pubsub.acknowledge([item.push.id])
      this.#release(this.#held[0])
    } else {
      this.#failures++
      this.#window = Math.max(1, this.#window >> 1)
      const minimum = options.minimumBackoffMs ?? 100
      const backoff = Math.min(
        options.maximumBackoffMs ?? 60_000,
        minimum * 2 ** Math.min(20, this.#failures - 1),
      )
      this.#notBefore = performance.now() + backoff
      if (!item.copy) this.#ready.push(item)
    }
    this.#pump()
  }

  async #post(options: PushOptions, push: StoredPush): Promise<boolean> {
    this.statistics.attempts++
    const variant = this.#faults.take('push.token', { account: push.email })?.variant
    const deadline = AbortSignal.timeout(options.ackDeadlineMs ?? 10_000)
    try {
      const token = await this.#tokens.create(
        options.audience ?? options.endpoint,
        options.serviceAccountEmail,
        variant,
      )
      const response = await fetch(options.endpoint, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'CloudPubSub-Google',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ message: pubsubMessage(push), subscription: SUBSCRIPTION }),
        redirect: 'manual',
        signal: AbortSignal.any([deadline, this.#closing.signal]),
      })
      await response.body?.cancel()
      this.statistics.lastStatus = response.status
      if (ACKNOWLEDGING.has(response.status)) return true
      this.statistics.refused++
    } catch {
      if (deadline.aborted) this.statistics.timedOut++
      else this.statistics.refused++
      this.statistics.lastStatus = null
    }
    return false
  }
}
