import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const engine = at('pg', 'packages/runtime/test/engine.pg.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const atomic = at('pg', 'packages/db/test/atomic.pg.test.ts')
const gmail = at('unit', 'packages/providers/test/gmail.contract.test.ts')
const plan = at('unit', 'packages/sync/test/plan.test.ts')

export const cursorBreaks: readonly Break[] = [
  {
    rule: 'cursor-1',
    what: 'the first page of several carries the cursor',
    file: 'packages/providers/src/gmail/pull.ts',
    from: 'cursor: next === undefined ? later(cursor, page.historyId) : null,',
    to: 'cursor: later(cursor, page.historyId),',
    test: gmail('of more than a page has a cursor on its last page only, and misses nothing'),
  },
  {
    rule: 'cursor-2',
    what: 'each statement of a commit is a transaction of its own',
    file: 'packages/db/src/pool.ts',
    from: '    await tx.query(begin)\n',
    to: "    if (begin !== 'BEGIN') await tx.query(begin)\n",
    test: atomic('a commit that fails after its first rows were written leaves none of them, nor its cursor'),
  },
  {
    rule: 'cursor-2',
    what: 'a batch may be twice as large',
    file: 'packages/db/src/commit.ts',
    from: 'dirty.upserts.length > BATCH_MAX',
    to: 'dirty.upserts.length > 2 * BATCH_MAX',
    test: store('a batch that speaks of too many messages is refused, and one that fails writes nothing'),
  },
  {
    rule: 'cursor-4',
    what: 'an expired cursor becomes a new one, and the gap is forgotten',
    file: 'packages/sync/src/sync-resource.ts',
    from: "await begin(work, 'resync', signal)",
    to: 'await work.commit({ cursor: await work.port.currentCursor(work.conn, work.key, signal) })',
    test: engine('is followed by a walk that mends every difference, with live sync going on meanwhile'),
  },
  {
    rule: 'cursor-5',
    what: 'a resync walks the first set only',
    file: 'packages/sync/src/list-resource.ts',
    from: "if (kind === 'backfill') return all.slice(0, 1)",
    to: 'if (kind) return all.slice(0, 1)',
    test: engine('is followed by a walk that mends every difference, with live sync going on meanwhile'),
  },
  {
    rule: 'cursor-5',
    what: 'labels that are gone at the provider are not looked at',
    file: 'packages/sync/src/list-resource.ts',
    from: 'const gone = [...here].filter(id => !there.has(id))',
    to: 'const gone = [...here].filter(id => !there.has(id) && id === GONE)',
    test: engine('that were deleted inside a gap are taken off every message, and then go'),
  },
  {
    rule: 'cursor-6',
    what: 'the position of a walk is not stored',
    file: 'packages/sync/src/list-resource.ts',
    from: 'cursor: JSON.stringify(next) })',
    to: 'cursor: JSON.stringify({ ...next, position: null }) })',
    test: engine('goes on where it stood after a crash, fetching no page twice but the one it died in'),
  },
  {
    rule: 'cursor-7',
    what: 'what a listing left out is deleted unasked',
    file: 'packages/sync/src/list-resource.ts',
    from: 'if (suspects.length === 0) return await save(nextListing(state))\n',
    to: 'if (suspects.length === 0) return await save(nextListing(state))\n  await work.commit({ missing: suspects })\n',
    test: engine('deletes nothing on a list’s word alone: the provider is asked about each suspect'),
  },
  {
    rule: 'cursor-8',
    what: 'an outage is taken for a confirmed not-found',
    file: 'packages/providers/src/gmail/fetch.ts',
    from: "if (error.kind === 'not_found') return { id, kind: 'fetched'",
    to: "if (error.kind !== 'permanent') return { id, kind: 'fetched'",
    test: gmail('while the provider is down throws transient and judges nobody'),
  },
  {
    rule: 'cursor-8',
    what: 'what was never stored is deleted, too',
    file: 'packages/sync/src/plan.ts',
    from: '    if (!existing) continue\n    now.delete(id)\n    gone.set(id, existing.version)',
    to: '    now.delete(id)\n    gone.set(id, existing?.version ?? 0n)',
    test: plan('deletes what the provider says is missing only where it is stored'),
  },
  {
    rule: 'cursor-9',
    what: 'a state that comes late overwrites a newer one',
    file: 'packages/sync/src/plan.ts',
    from: 'if (existing && existing.version > message.version) continue',
    to: '',
    test: plan('lets a late backfill of an older state change nothing'),
  },
  {
    rule: 'cursor-9',
    what: 'an older patch is applied to a newer state',
    file: 'packages/sync/src/plan.ts',
    from: 'if (existing.version >= patch.version) continue',
    to: '',
    test: plan('does not let an older patch undo what a newer state already says'),
  },
  {
    rule: 'cursor-10',
    what: 'a listing in flight brings back what was deleted',
    file: 'packages/sync/src/plan.ts',
    from: 'if (dead !== undefined && dead >= message.version) continue',
    to: '',
    test: plan('does not let a listing in flight bring back what was deleted meanwhile'),
  },
  {
    rule: 'cursor-10',
    what: 'nothing brings a deleted message back, not even a newer state',
    file: 'packages/sync/src/plan.ts',
    from: 'if (dead !== undefined && dead >= message.version) continue',
    to: 'if (dead !== undefined) continue',
    test: plan('revives a row whose newer state arrives after a deletion'),
  },
  {
    rule: 'cursor-11',
    what: 'a replay is written again',
    file: 'packages/sync/src/plan.ts',
    from: 'if (old && sameContent(old, write)) {',
    to: 'if (old && write.version < 0n) {',
    test: store('the same batch twice is a no-op the second time (I4)'),
  },
  {
    rule: 'cursor-11',
    what: 'text that Postgres cannot hold is not mended before planning',
    file: 'packages/db/src/clean-batch.ts',
    from: 'upserts: cleanDeep(upserts),',
    to: 'upserts,',
    test: store('the same batch twice is a no-op the second time (I4)'),
  },
]
