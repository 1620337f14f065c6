import type { Clock } from '../../clock.ts'
import { seeded } from '../../random.ts'
import type { Collection, Op, Store } from '../../store/store.ts'

/** One published message that no subscriber has acknowledged yet. */
export interface StoredPush {
  id: string
  email: string
  /** Base64 of the JSON payload. */
  data: string
  /** Epoch ms. */
  published: number
}

/** Pub/Sub's default retention, and a bound of ours on what a dead endpoint can pile up. */
const RETENTION_MS = 7 * 24 * 3600_000
const MAX_WAITING = 10_000

/**
 * The one topic with its one subscription. Messages are durable from publishing to acknowledging;
 * the subscriber (push or pull) takes them from `waiting` and calls `acknowledge`.
 */
export class PubSub {
  /** Called after a message became durable. */
  onPublish: (push: StoredPush) => void = () => {}
  #store: Store
  #clock: Clock
  #pushes: Collection<StoredPush>
  #last: bigint

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#pushes = store.collection('pushes')
    this.#last = BigInt(clock.now()) * 1000n + BigInt(seeded(clock.now()).int(1000))
  }

  publish(email: string, payload: object, also: readonly Op[]): void {
    this.#last += 1n
    const id = String(this.#last)
    const data = Buffer.from(JSON.stringify(payload)).toString('base64')
    const push = { id, email, data, published: this.#clock.now() }
    this.#store.commit([...also, this.#pushes.put(id, push), ...this.#overflow()])
    this.onPublish(push)
  }

  get(id: string): StoredPush | undefined {
    return this.#pushes.get(id)
  }

  waiting(): StoredPush[] {
    return [...this.#pushes.values()]
  }

  /** How many wait for an acknowledgement. */
  get size(): number {
    return this.#pushes.size
  }

  acknowledge(ids: readonly string[]): void {
    this.#store.commit(ids.filter(id => this.#pushes.has(id)).map(id => this.#pushes.del(id)))
  }

  #overflow(): Op[] {
    const ops: Op[] = []
    const oldest = this.#clock.now() - RETENTION_MS
    let surplus = this.#pushes.size - MAX_WAITING
    for (const push of this.#pushes.values()) {
      if (surplus-- <= 0 && push.published >= oldest) break
      ops.push(this.#pushes.del(push.id))
    }
    return ops
  }
}

/** PubsubMessage as the wire has it: both spellings of id and time. */
export function pubsubMessage(push: StoredPush): Record<string, unknown> {
  const publishTime = new Date(push.published).toISOString()
  return {
    data: push.data,
    messageId: push.id,
    message_id: push.id,
    publishTime,
    publish_time: publishTime,
  }
}
