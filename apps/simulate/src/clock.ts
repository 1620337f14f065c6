import { nextTick } from 'node:process'

type Entry = { at: number; order: number; run: (() => void) | null }
type Idler = { start: number; everyMs: number; wake: () => void }

/** Where the simulated time begins. */
export const EPOCH = 1_800_000_000_000

/**
 * Virtual time. Everything that waits is an entry here; entries run one after the other in order of time and, at one
 * time, in the order in which they were made, each followed by all the promise work that it has set off. No real timer
 * and no I/O is involved, so the order of everything is a function of the seed.
 */
export class Clock {
  readonly #heap: Entry[] = []
  readonly #idlers = new Set<Idler>()
  #order = 0
  #now = EPOCH
  /** When there will be something to do for those who idle: see `idle`. */
  nextDueAt: () => number | null = () => null
  events = 0

  now(): number {
    return this.#now
  }

  /** Runs `run` after `ms`, in whole milliseconds as real clocks count them; the returned function cancels it. */
  after(ms: number, run: () => void): () => void {
    const entry: Entry = { at: this.#now + Math.max(0, Math.ceil(ms)), order: this.#order++, run }
    this.#push(entry)
    return () => {
      entry.run = null
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = () => {
        cancel()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /**
   * The sleep of a loop that looks every `everyMs` whether something is due, without the rounds in which it would find
   * nothing: wakes at the first round at which `nextDueAt` has come.
   */
  idle(everyMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const idler: Idler = {
        start: this.#now,
        everyMs,
        wake: () => {
          this.#idlers.delete(idler)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
      }
      const onAbort = () => {
        this.#idlers.delete(idler)
        reject(signal?.reason)
      }
      this.#idlers.add(idler)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Goes on until `until` (a time) or until `done` answers true, which is asked after every entry. Answers whether it did. */
  async run(until: number, done: () => boolean = () => false): Promise<boolean> {
    for (;;) {
      const entry = this.#heap[0]
      const idler = this.#nextIdler(entry?.at ?? Number.POSITIVE_INFINITY)
      const at = Math.min(entry?.at ?? Number.POSITIVE_INFINITY, idler?.at ?? Number.POSITIVE_INFINITY)
      if (at > until) break
      this.#now = Math.max(this.#now, at)
      if (idler && idler.at <= (entry?.at ?? Number.POSITIVE_INFINITY)) idler.wake()
      else {
        this.#pop()
        if (!entry?.run) continue
        entry.run()
      }
      this.events += 1
      await settle()
      if (done()) return true
    }
    this.#now = Math.max(this.#now, until)
    return false
  }

  /** The idler that wakes first; null where none can wake by then. */
  #nextIdler(by: number): { at: number; wake: () => void } | null {
    let possible = false
    for (const { start, everyMs } of this.#idlers) possible ||= start + everyMs <= by
    if (!possible) return null
    const due = this.nextDueAt()
    if (due === null) return null
    let next: { at: number; wake: () => void } | null = null
    for (const { start, everyMs, wake } of this.#idlers) {
      const from = Math.max(due, this.#now)
      const at = start + Math.max(1, Math.ceil((from - start) / everyMs)) * everyMs
      if (!next || at < next.at) next = { at, wake }
    }
    return next
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (!above || !before(entry, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = heap[child]
      if (!left) break
      const right = heap[child + 1]
      if (right && before(right, left)) child += 1
      const least = heap[child]
      if (!least || !before(least, last)) break
      heap[at] = least
      at = child
    }
    heap[at] = last
  }
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/**
 * Lets all promise work run: a tick begins only when no microtask is left. Never a turn of the event loop, which would
 * cost more than most entries do.
 */
export function settle(): Promise<void> {
  return new Promise(resolve => nextTick(resolve))
}
