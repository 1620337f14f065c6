type Listener = (event: Event) => void

/** Shared, because thousands are made in a run and a new one each time is dear. */
const noReason = new DOMException('This operation was aborted', 'AbortError')
const tooLate = new DOMException('The time limit was reached.', 'TimeoutError')
const happened = new Event('abort')

/** What the code under test calls of AbortSignal. Node's is a whole EventTarget, and took a tenth of all the time. */
export class LightSignal {
  /** Runs a function after some milliseconds: where time limits come from. */
  static after: (ms: number, run: () => void) => unknown = () => {}
  aborted = false
  reason: unknown = undefined
  #listeners: Set<Listener> | null = null

  /** Leaves its sources when it aborts: one that lives long would keep all that ever listened to it. */
  static any(signals: Iterable<LightSignal>): LightSignal {
    const all = new LightSignal()
    const leave: (() => void)[] = []
    for (const source of signals) {
      if (all.aborted) break
      const end = () => {
        for (const one of leave) one()
        all.abort(source.reason)
      }
      if (source.aborted) end()
      else source.addEventListener('abort', end)
      leave.push(() => source.removeEventListener('abort', end))
    }
    return all
  }

  static timeout(ms: number): LightSignal {
    const signal = new LightSignal()
    LightSignal.after(ms, () => signal.abort(tooLate))
    return signal
  }

  /** Aborting happens once, so each listener is called once, whether it asked for that or not. */
  addEventListener(type: string, listener: Listener): void {
    if (type !== 'abort' || this.aborted) return
    this.#listeners ??= new Set()
    this.#listeners.add(listener)
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners?.delete(listener)
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }

  abort(reason: unknown = noReason): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    // Whoever is removed on the way is not called.
    for (const listener of this.#listeners ?? []) listener(happened)
    this.#listeners = null
  }
}

export class LightController {
  readonly signal = new LightSignal()

  abort(reason?: unknown): void {
    this.signal.abort(reason)
  }
}
