import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const engine = at('pg', 'packages/runtime/test/engine.pg.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const concurrency = at('pg', 'packages/db/test/concurrency.pg.test.ts')
const prune = at('pg', 'packages/db/test/prune.pg.test.ts')
const rls = at('pg', 'packages/db/test/row-level-security.pg.test.ts')
const MIGRATION = 'prisma/migrations/20261121090000_init/migration.sql'
const mirror = at('unit', 'packages/client/test/mirror.test.ts')
const plan = at('unit', 'packages/sync/test/plan.test.ts')

export const feedBreaks: readonly Break[] = [
  {
    rule: 'feed-1',
    what: 'seqs are handed out without a lock',
    file: 'packages/db/src/feed-row.ts',
    from: 'SELECT head FROM feed WHERE user_id = $1 FOR UPDATE',
    to: 'SELECT head FROM feed WHERE user_id = $1',
    test: concurrency(
      'live sync, backfill, retries, marks and a reader run at once without deadlock or loss',
    ),
  },
  {
    rule: 'feed-2',
    what: 'a page that is cut at its limit leads to the head',
    file: 'packages/db/src/feed.ts',
    from: 'const next = more ? (changes.at(-1)?.seq ?? after) : head',
    to: 'const next = head',
    test: store('following pages through everything once, in order'),
  },
  {
    rule: 'feed-3',
    what: 'deletions are not in the feed',
    file: 'packages/db/src/sql/follow-feed.ts',
    from: "UNION ALL ${newer('tombstone',",
    to: "UNION ALL ${newer('(SELECT * FROM tombstone WHERE false)',",
    test: store('a deletion leaves a tombstone, and a listing in flight cannot bring the message back'),
  },
  {
    rule: 'feed-4',
    what: 'a cursor below the floor is answered',
    file: 'packages/db/src/feed.ts',
    from: 'if (after < floor || after > head)',
    to: 'if (after > head)',
    test: prune('old tombstones go and the floor rises to the last of them, no further'),
  },
  {
    rule: 'feed-4',
    what: 'tombstones go and the floor stays',
    file: 'packages/db/src/prune.ts',
    from: 'if (seq !== null)\n',
    to: 'if (seq === -1)\n',
    test: prune('old tombstones go and the floor rises to the last of them, no further'),
  },
  {
    rule: 'feed-5',
    what: 'a cursor of another life of the database is answered',
    file: 'packages/db/src/feed.ts',
    from: 'if (after < floor || after > head)',
    to: 'if (after < floor)',
    test: store('a cursor that the feed has not given out is refused'),
  },
  {
    rule: 'feed-6',
    what: 'a fill begins with the oldest mail',
    file: 'packages/db/src/sql/fill-feed.ts',
    from: 'ORDER BY m.received_at DESC, m.id DESC LIMIT $4',
    to: 'ORDER BY m.received_at, m.id LIMIT $4',
    test: store('a fill walks accounts and labels, then messages from the newest down with their threads'),
  },
  {
    rule: 'feed-7',
    what: 'each sync writes the account, changed or not',
    file: 'packages/db/src/refresh-account.ts',
    from: 'if (unseen && !change.force) return false',
    to: '',
    test: engine('writes nothing to the feed when there is nothing new'),
  },
  {
    rule: 'feed-8',
    what: 'a label’s total stays when messages come and go',
    file: 'packages/db/src/write-labels.ts',
    from: 'total: before.total + delta.total',
    to: 'total: before.total',
    test: store('label counts follow their messages, and a label listed late counts what carried it before'),
  },
  {
    rule: 'feed-19',
    what: 'the API reads as the owner of the tables',
    file: 'packages/db/src/as-user.ts',
    from: "    'SET LOCAL ROLE inlet_app',\n",
    to: '',
    test: rls('shows only one’s own rows, although the other’s are there'),
  },
  {
    rule: 'feed-19',
    what: 'the policy lets every row through',
    file: MIGRATION,
    from: "USING (user_id = current_setting(''inlet.user_id'', true))",
    to: 'USING (true)',
    test: rls('shows only one’s own rows, although the other’s are there'),
  },
  {
    rule: 'feed-19',
    what: 'a function that runs as the owner answers for everyone',
    file: MIGRATION,
    from: "WHERE t.user_id = current_setting('inlet.user_id', true)",
    to: 'WHERE true',
    test: rls('the functions that run as the owner answer only for the user of the session'),
  },
  {
    rule: 'feed-19',
    what: 'the API may write',
    file: MIGRATION,
    from: 'GRANT SELECT ON %I TO inlet_app',
    to: 'GRANT SELECT, UPDATE ON %I TO inlet_app',
    test: rls('cannot be written, not even one’s own rows'),
  },
  {
    rule: 'feed-19',
    what: 'one table has no policy',
    file: MIGRATION,
    from: "'failed_item', 'feed', 'tombstone', 'sync_run', 'mutation']",
    to: "'failed_item', 'feed', 'tombstone', 'sync_run']",
    test: rls('every table of the database is either readable under a policy or closed'),
  },
  {
    rule: 'feed-20',
    what: 'a person may change another’s messages by their ids',
    file: 'packages/db/src/resolve-mutation.ts',
    from: 'SELECT id, account_id FROM message WHERE user_id = $1 AND id = ANY($2)',
    to: 'SELECT id, account_id FROM message WHERE id = ANY($2)',
    test: store('ids of another user are not found, and nothing of theirs is touched'),
  },
  {
    rule: 'feed-20',
    what: 'a commit does not look whose account it writes',
    file: 'packages/db/src/commit.ts',
    from: 'own.account_id !== batch.accountId',
    to: "own.account_id === ''",
    test: store('a commit for another account than the lease’s is refused'),
  },
  {
    rule: 'feed-21',
    what: 'runs are kept for ever',
    file: 'packages/db/src/prune.ts',
    from: 'WHERE old.place > $1 AND',
    to: 'WHERE old.place > $1 + 1000000 AND',
    test: prune(
      'records are bounded: webhooks by age, runs by number, and a deletion that was cut short is completed',
    ),
  },
  {
    rule: 'feed-2',
    what: 'a page has its changes in the wrong order',
    file: 'packages/db/src/sql/follow-feed.ts',
    from: 'json_agg(page.change ORDER BY page.seq)',
    to: 'json_agg(page.change ORDER BY page.seq DESC)',
    test: engine('stores new mail, label changes and deletions, and every change shows once to a follower'),
  },
  {
    rule: 'feed-3',
    what: 'the labels of a deleted account leave no tombstone',
    file: 'packages/db/src/delete-account.ts',
    from: 'if (ids.length > 0) await tx.query(deleteLabels',
    to: 'if (ids.length < 0) await tx.query(deleteLabels',
    test: store(
      'deleting an account leaves tombstones of all its rows, stops its workers, and spares the others',
    ),
  },
  {
    rule: 'feed-6',
    what: 'a page of the fill brings back what was deleted during the walk',
    file: 'packages/client/src/apply-changes.ts',
    from: 'rows.filter((row, i) => (tombstones[i]?.seq ?? -1) < row.seq)',
    to: 'rows',
    test: mirror('ends equal to the server, whatever happened in whatever order'),
  },
  {
    rule: 'feed-7',
    what: 'each sync within a minute writes the account',
    file: 'packages/db/src/refresh-account.ts',
    from: 'const QUIET_MS = 30_000',
    to: 'const QUIET_MS = 1',
    test: store('an account is active once it is synced and watched, and says why when it is not'),
  },
  {
    rule: 'feed-7',
    what: 'a body that came late is a change of its message',
    file: 'packages/sync/src/plan.ts',
    from: 'if (old && sameContent(old, write)) {',
    to: 'if (old && sameContent(old, write) && (!write.body || old.hasBody)) {',
    test: plan('stores a body that came late without telling anyone of a change'),
  },
  {
    rule: 'feed-8',
    what: 'a thread does not count what is unread',
    file: 'packages/sync/src/derive-thread.ts',
    from: 'unreadCount: messages.filter(message => message.unread).length',
    to: 'unreadCount: 0',
    test: store('a thread is derived from its messages'),
  },
]
