/** Those that the fast tier can see. */
export const INVARIANTS = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11', 'I13'] as const
export type Invariant = (typeof INVARIANTS)[number]

/** What this tier cannot see, and the tests on Postgres that `npm run prove` breaks for it. */
export const ELSEWHERE = [
  {
    invariant: 'I11',
    what: 'row-level security itself: no Postgres here',
    tests: '`packages/db/test/row-level-security.pg.test.ts`; `npm run prove -- --only feed-19`',
  },
  {
    invariant: 'I12',
    what: 'secrets: nothing here is encrypted',
    tests: '`packages/db/test/secrets.pg.test.ts`; `npm run prove -- --only cursor-23`',
  },
] as const

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
