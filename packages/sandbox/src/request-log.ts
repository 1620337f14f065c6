/** One answered request. */
export interface LoggedRequest {
  at: number
  method: string
  path: string
  account: string | null
  status: number
  /** Google's `reason` of an error, where there is one. */
  reason: string | null
}

const KEPT = 1000

/** The last thousand requests and counters of all, for tests and for `GET /control/requests`. */
export class RequestLog {
  readonly counts = new Map<string, number>()
  #recent: LoggedRequest[] = []

  /** `template` is the route, or the path of a request that found none. */
  add(entry: LoggedRequest, template: string): void {
    this.#recent.push(entry)
    if (this.#recent.length > KEPT * 2) this.#recent.splice(0, KEPT)
    const key = `${entry.method} ${template} ${entry.status}`
    if (this.counts.size < 5000 || this.counts.has(key)) this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  recent(limit = 100): LoggedRequest[] {
    return this.#recent.slice(-Math.min(limit, KEPT))
  }

  clear(): void {
    this.#recent = []
    this.counts.clear()
  }
}
