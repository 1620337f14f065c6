import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const engine = at('pg', 'packages/runtime/test/engine.pg.test.ts')
const lease = at('pg', 'packages/runtime/test/lease.pg.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const plan = at('unit', 'packages/sync/test/plan.test.ts')
const retry = at('unit', 'packages/sync/test/retry.test.ts')

export const lanesBreaks: readonly Break[] = [
  {
    rule: 'cursor-12',
    what: 'two runners may take what is due at the same moment',
    file: 'packages/db/src/sql/take-due.ts',
    from: ' LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`',
    to: ' LIMIT $2`',
    test: store('of many runners that look at once only one claims a resource'),
  },
  {
    rule: 'cursor-13',
    what: 'a commit does not look whose lease it is',
    file: 'packages/db/src/commit.ts',
    from: 'own.lease_token !== batch.lease.token ||',
    to: '',
    test: store('a lease is renewed by its holder, lapses without, and is then lost to the next'),
  },
  {
    rule: 'cursor-13',
    what: 'a commit does not compare the cursor’s version',
    file: 'packages/db/src/commit.ts',
    from: 'own.cursor_version !== batch.cursorVersion ||',
    to: '',
    test: store('a commit under another cursor version writes nothing'),
  },
  {
    rule: 'cursor-14',
    what: 'the end of a run clears a mark that was made during it',
    file: 'packages/db/src/sql/release-done.ts',
    from: 'dirty_at = CASE WHEN marks <> claimed_marks THEN dirty_at WHEN',
    to: 'dirty_at = CASE WHEN',
    test: store('a finished run leaves nothing due, and a mark during it leaves exactly one more'),
  },
  {
    rule: 'cursor-14',
    what: 'a run leaves another behind it, marked or not',
    file: 'packages/db/src/sql/release-done.ts',
    from: 'dirty_at = CASE WHEN marks <> claimed_marks THEN dirty_at WHEN',
    to: 'dirty_at = CASE WHEN true THEN dirty_at WHEN',
    test: store('a finished run leaves nothing due, and a mark during it leaves exactly one more'),
  },
  {
    rule: 'cursor-15',
    what: 'a lease lasts for ever',
    file: 'packages/db/src/claims.ts',
    from: 'now + leaseMs]',
    to: 'now + 100_000 * leaseMs]',
    test: store('a stale end of a run touches nothing but the run'),
  },
  {
    rule: 'cursor-15',
    what: 'a run does not renew its lease',
    file: 'packages/sync/src/runner.ts',
    from: 'if (!(await store.renewLease(claim.lease, world.now() + LEASE_MS))) return lost.abort()',
    to: '',
    test: lease('a run that takes long renews its lease, so that nobody else takes it up'),
  },
  {
    rule: 'cursor-16',
    what: 'Retry-After is no floor',
    file: 'packages/sync/src/retry.ts',
    from: 'nextAttemptAt: Math.max(now + wait, floor)',
    to: 'nextAttemptAt: now + wait',
    test: retry('never before the provider’s Retry-After'),
  },
  {
    rule: 'cursor-16',
    what: 'an account that always fails never cools down',
    file: 'packages/sync/src/retry.ts',
    from: 'attempts + 1 >= COOL_DOWN_AFTER',
    to: 'attempts < 0',
    test: retry('after the cool-down from the fifth consecutive failure on'),
  },
  {
    rule: 'cursor-16',
    what: 'a push cuts a backoff short',
    file: 'packages/db/src/sql/mark.ts',
    from: 'WHEN attempts = 0 OR (',
    to: 'WHEN true OR (',
    test: store('a failed run waits for its next attempt, counts, and a push does not cut the wait'),
  },
  {
    rule: 'cursor-17',
    what: 'an item that cannot be had is left out',
    file: 'packages/sync/src/gather.ts',
    from: 'piece.failures.push({ id: fetched.id, code: fetched.code, message: fetched.message, retryAt })',
    to: '',
    test: engine(
      'keeps an item that cannot be read as a failed item, goes on with the rest, and heals it later',
    ),
  },
  {
    rule: 'cursor-17',
    what: 'nobody wakes the lane that tries failed items again',
    file: 'packages/db/src/commit.ts',
    from: "if (writes.failures.length > 0 && held.lane !== 'items')",
    to: "if (writes.failures.length > 0 && held.lane === 'items')",
    test: store('a failed item is durable, shows in the status, comes due in its lane, and heals'),
  },
  {
    rule: 'cursor-18',
    what: 'a label change of a message that nobody has fetched is dropped',
    file: 'packages/sync/src/plan.ts',
    from: 'if (deadAt(id) === undefined) unresolved.add(patch.id)',
    to: '',
    test: plan('keeps a patch on a message that is not stored as a failed item, so that it is fetched'),
  },
  {
    rule: 'cursor-18',
    what: 'a listing ends a failed item with what it fetched earlier',
    file: 'packages/sync/src/plan.ts',
    from: 'if (batch.heals !== false && attempts !== undefined)',
    to: 'if (attempts !== undefined)',
    test: plan('ends a failed item with a fetch of live sync, not with what a listing fetched earlier'),
  },
  {
    rule: 'cursor-19',
    what: 'a watch is renewed only when it has ended',
    file: 'packages/db/src/sql/watches-due.ts',
    from: 'w.expires_at <= $2)',
    to: 'w.expires_at <= $2::int8 - 86400000)',
    test: engine('are registered when missing, renewed within their last day, and left alone before'),
  },
  {
    rule: 'cursor-19',
    what: 'a watch that cannot be registered is tried again at once',
    file: 'packages/db/src/sql/watches-due.ts',
    from: 'w.retry_at <= $1 AND',
    to: 'w.retry_at <= $1::int8 + 86400000 AND',
    test: engine(
      'that cannot be registered leave the account degraded and are tried again later, not at once',
    ),
  },
  {
    rule: 'cursor-20',
    what: 'a mailbox from which no push comes is trusted',
    file: 'packages/db/src/sql/silent-lanes.ts',
    from: 'w.created_at) <= $2)',
    to: 'w.created_at) <= $2::int8 - 86400000)',
    test: engine('missing for ten minutes are replaced by polling'),
  },
  {
    rule: 'cursor-21',
    what: 'nobody looks again after a burst',
    file: 'packages/sync/src/sync-resource.ts',
    from: 'if (lookAgainMs === undefined ||',
    to: 'if (lookAgainMs !== 0 ||',
    test: engine('looks once more after it found something, where the provider swallows doorbells'),
  },
]
