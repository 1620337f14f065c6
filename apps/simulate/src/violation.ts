/** An invariant does not hold. Thrown nowhere: the run goes on, and the first one found is what the run has failed by. */
export type Violation = { invariant: string; message: string; at: number }

export class Violations {
  readonly #now: () => number
  readonly found: Violation[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  report(invariant: string, message: string): void {
    if (this.found.length < 20) this.found.push({ invariant, message, at: this.#now() })
  }
}
