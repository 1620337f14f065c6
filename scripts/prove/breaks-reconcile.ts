import type { Break, NamedTest } from './break.ts'

const pg = (file: string) => (name: string) => ({ project: 'pg', file, name }) satisfies NamedTest
const settle = (name: string) =>
  ({ project: 'unit', file: 'packages/sync/test/settle.test.ts', name }) satisfies NamedTest
const reconcile = pg('packages/runtime/test/reconcile.pg.test.ts')
const store = pg('packages/db/test/store-contract.pg.test.ts')

export const reconcileBreaks: readonly Break[] = [
  {
    rule: 'cursor-30',
    what: 'a comparison does not ask about what the provider no longer lists',
    file: 'packages/sync/src/settle.ts',
    from: "const PHASES = ['missing', 'elsewhere', 'differing', 'extra'] as const",
    to: "const PHASES = ['missing', 'elsewhere', 'differing'] as const",
    test: reconcile(
      'finds, mends and records exactly what was done behind its back, and the second finds nothing',
    ),
  },
  {
    rule: 'cursor-30',
    what: 'what a page tells of a message is not compared',
    file: 'packages/sync/src/settle.ts',
    from: 'return [...differing, ...unsaid.map(item => item.id)]',
    to: 'return unsaid.map(item => item.id)',
    test: reconcile('finds what differs in each, whole pages told: %s'),
  },
  {
    rule: 'cursor-30',
    what: 'a comparison is shown as a backfill',
    file: 'packages/sync/src/status.ts',
    from: "facts.listing?.kind === 'backfill' ? 'backfilling' : null",
    to: "facts.listing ? 'backfilling' : null",
    test: reconcile('leaves the account active, and tells how far it is'),
  },
  {
    rule: 'cursor-31',
    what: 'a comparison does not wait for live sync',
    file: 'packages/sync/src/settle.ts',
    from: 'if (passed === null || passed < compare.waiting) {',
    to: 'if (passed === null) {',
    test: reconcile('takes for no difference what arrives, changes and goes at the provider meanwhile'),
  },
  {
    rule: 'cursor-31',
    what: 'a comparison deletes what was not listed',
    file: 'packages/sync/src/settle.ts',
    from: 'at = await save(at, { upserts, missing, failures, tallied: true, ...seen })',
    to: 'at = await save(at, { upserts: [], missing: asked, failures, tallied: true, ...seen })',
    test: reconcile('deletes nothing on a list’s word alone, and counts nothing that the provider still has'),
  },
  {
    rule: 'cursor-31',
    what: 'what a page leaves out has gone',
    file: 'packages/sync/src/settle.ts',
    from: '.filter(uid => places.gone.includes(uid))',
    to: '.filter(uid => !places.put.some(place => place.uid === uid))',
    test: settle('what a page leaves out and does not call gone stays'),
  },
  {
    rule: 'cursor-31',
    what: 'what new mail has moved to the next page is not looked at',
    file: 'packages/sync/src/settle.ts',
    from: 'if (next === null || span.first === first) return at',
    to: 'return at',
    test: settle('of such a page exactly that is gone which is not there any more'),
  },
  {
    rule: 'cursor-32',
    what: 'the next position forgets what was counted',
    file: 'packages/sync/src/list-resource.ts',
    from: 'state = part.tallied ? withFound(next, found) : next',
    to: 'state = part.tallied && !found ? withFound(next, found) : next',
    test: reconcile('goes on where it stood after a crash, and counts nothing twice'),
  },
  {
    rule: 'cursor-32',
    what: 'what a batch finds is counted after it is committed',
    file: 'packages/sync/src/tally.ts',
    from: "if (!tallied || typeof cursor !== 'string') return cursor",
    to: "if (!tallied || cursor || typeof cursor !== 'string') return cursor",
    test: store('what a batch finds is added to the tally in its cursor'),
  },
  {
    rule: 'cursor-32',
    what: 'the last folder alone is recorded',
    file: 'packages/db/src/sql/tell-reconciled.ts',
    from: 'missing = c.missing + $6::int4',
    to: 'missing = $6::int4',
    test: store('a comparison walks every resource, and ends with the last of them'),
  },
  {
    rule: 'cursor-32',
    what: 'a comparison that something else has replaced is called done',
    file: 'packages/db/src/sql/end-reconciliations.ts',
    from: "THEN 'interrupted' ELSE",
    to: "THEN 'done' ELSE",
    test: store(
      'what is walked for another reason meanwhile makes a comparison incomplete; what is gone does not',
    ),
  },
  {
    rule: 'cursor-33',
    what: 'a comparison overwrites what live sync has stored since',
    file: 'packages/sync/src/plan-places.ts',
    from: 'return seen === undefined || (old && now ? samePlace(old, now) : old === now)',
    to: 'return seen === undefined || seen.size > 0',
    test: store('a comparison’s word on a place holds only where that is as it was seen'),
  },
  {
    rule: 'cursor-34',
    what: 'counts that disagree for a moment start a comparison',
    file: 'packages/sync/src/prove.ts',
    from: 'now - differsSince >= PATIENCE_MS &&',
    to: 'now - differsSince >= 0 &&',
    test: reconcile(
      'is started when the counts go on disagreeing with nothing on its way, once an hour at most',
    ),
  },
  {
    rule: 'cursor-34',
    what: 'records of comparisons pile up',
    file: 'packages/db/src/reconciliations.ts',
    from: '[accountId, RECONCILIATIONS_KEPT]',
    to: '[accountId, 2 * RECONCILIATIONS_KEPT]',
    test: store('only the last thirty comparisons are kept'),
  },
  {
    rule: 'cursor-34',
    what: 'an account that was just connected is compared at once',
    file: 'packages/db/src/sql/reconciliations-due.ts',
    from: 'coalesce(last.done, a.created_at) < $1',
    to: 'coalesce(last.done, 0) < $1',
    test: store('an account is due when it was not compared for long, once, and goes with its records'),
  },
  {
    rule: 'cursor-34',
    what: 'accounts whose provider is down hold up all others',
    file: 'packages/db/src/sql/reconciliations-due.ts',
    from: 'c.started_at >= $2 AND',
    to: 'c.started_at <> $2 AND',
    test: store('an account is due when it was not compared for long, once, and goes with its records'),
  },
]
