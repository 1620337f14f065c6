/** Those that the fast tier can see. I11 and I12 are Postgres' and the vault's own: their tests are in packages/db. */
export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I13'] as const
export type Invariant = (typeof INVARIANTS)[number]

/**
 * An invariant does not hold; `rest`: the world does not come to rest as it should, whatever the cause. Thrown nowhere:
 * the run goes on, and the first one found is what the run has failed by.
 */
export type Violation = { invariant: Invariant | 'rest'; message: string; at: number }

export class Violations {
  readonly #now: () => number
  readonly found: Violation[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  report(invariant: Violation['invariant'], message: string): void {
    if (this.found.length < 20) this.found.push({ invariant, message, at: this.#now() })
  }
}
