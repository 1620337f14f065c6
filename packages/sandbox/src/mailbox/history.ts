import type { Collection, Op } from '../store/store.ts'

/** Older records are dropped, and the floor rises, beyond this many. */
const MAX_RECORDS = 100_000

/** The numbered changes of one mailbox, oldest first. Numbers grow, with gaps. */
export class History<R extends { readonly id: number }> {
  #stored: Collection<R>
  #records: R[]
  #current: number
  #floor: number

  constructor(stored: Collection<R>, account: { readonly history: number; readonly floor: number }) {
    this.#stored = stored
    this.#records = [...stored.values()].sort((a, b) => a.id - b.id)
    this.#current = Math.max(account.history, account.floor, this.#records.at(-1)?.id ?? 0)
    this.#floor = account.floor
  }

  /** The newest number in use. */
  get current(): number {
    return this.#current
  }

  /** The oldest number that `since` still answers. */
  get floor(): number {
    return this.#floor
  }

  /** Takes the next number; gaps make a reader that assumes contiguous numbers fail early. */
  next(): number {
    this.#current += 1 + ((this.#current * 2654435761) % 7)
    return this.#current
  }

  /** Records after `id`, or null when `id` is too old or was never given out. */
  since(id: number): R[] | null {
    if (!Number.isSafeInteger(id) || id < this.#floor || id > this.#current) return null
    return this.#records.slice(this.#after(id))
  }

  /** Registers records with numbers from `next()`; the ops store them and drop what is too old. */
  append(records: readonly R[]): { ops: Op[]; floor: number | null } {
    const ops = records.map(record => this.#stored.put(String(record.id), record))
    this.#records.push(...records)
    if (this.#records.length <= MAX_RECORDS * 1.1) return { ops, floor: null }
    const dropped = this.#records.splice(0, this.#records.length - MAX_RECORDS)
    this.#floor = dropped.at(-1)?.id ?? this.#floor
    return {
      ops: [...ops, ...dropped.map(record => this.#stored.del(String(record.id)))],
      floor: this.#floor,
    }
  }

  expireTo(floor: number): Op[] {
    const dropped = this.#records.splice(0, this.#after(floor))
    this.#floor = floor
    return dropped.map(record => this.#stored.del(String(record.id)))
  }

  #after(id: number): number {
    let low = 0
    let high = this.#records.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#records[middle]?.id ?? 0) <= id) low = middle + 1
      else high = middle
    }
    return low
  }
}
