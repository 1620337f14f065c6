import type { Substitutes } from '../substitutes.ts'
import type { Invariant } from '../violation.ts'

/** A bug planted on purpose. The simulation must notice it; if it does not, it is the simulation that has the bug. */
export type Mutant = {
  name: string
  /** The invariant that it breaks. */
  breaks: Invariant
  what: string
  substitutes: Partial<Substitutes>
}
