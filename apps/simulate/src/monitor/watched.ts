import type { MemoryState } from '@inlet/testkit/memory-store/state'
import type { Mailbox } from '../mailbox.ts'
import type { Trace } from '../trace.ts'
import type { Violations } from '../violation.ts'

/** What is looked at, with the provider's truth beside it, and where what is found is told. */
export type Watched = {
  now: () => number
  state: MemoryState
  mailboxes: ReadonlyMap<string, Mailbox>
  violations: Violations
  trace: Trace
}
