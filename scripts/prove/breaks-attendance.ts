import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const attend = at('pg', 'packages/runtime/test/attend.pg.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const fairness = at('pg', 'packages/runtime/test/fairness.pg.test.ts')
const background = at('unit', 'packages/runtime/test/background.test.ts')
const idle = at('imap', 'packages/providers/test/imap-idle.imap.test.ts')

const attendant = 'packages/sync/src/attendant.ts'
const leases = 'packages/db/src/attendance.ts'

/** Doorbells that are held connections, and what polls and shares out where there is none. */
export const attendanceBreaks: readonly Break[] = [
  {
    rule: 'push-21',
    what: 'what rings marks nothing',
    file: attendant,
    from: "if (resourceId !== undefined) await store.mark({ resourceId }, 'push', world.now())",
    to: 'void resourceId',
    test: attend('is held, and what rings is due at once'),
  },
  {
    rule: 'push-21',
    what: 'a server that is down is knocked at every second',
    file: attendant,
    from: 'failures = world.now() - started > SOUND_MS ? 1 : failures + 1',
    to: 'failures = 1',
    test: attend('that breaks is taken up again, later each time, and rings for what was missed'),
  },
  {
    rule: 'push-21',
    what: 'the provider’s own time is not kept to',
    file: attendant,
    from: 'const retryAt = Math.max(world.now() + spread, floor)',
    to: 'const retryAt = world.now() + spread',
    test: attend('that waits says why and until when, and obeys what the provider asks'),
  },
  {
    rule: 'push-21',
    what: 'other flags ring nowhere',
    file: 'packages/providers/src/imap/idle.ts',
    from: "client.on('exists', ring).on('expunge', ring).on('flags', ring)",
    to: "client.on('exists', ring).on('expunge', ring)",
    test: idle('rings for new mail, other flags and expunges, and when it begins'),
  },
  {
    rule: 'push-22',
    what: 'a server that is back is left alone until its cool-down ends',
    file: attendant,
    from: "store.mark(all, 'connect', world.now())",
    to: "store.mark(all, 'push', world.now())",
    test: attend('that is held again ends the backoff of whatever failed meanwhile'),
  },
  {
    rule: 'push-22',
    what: 'a connection that is held again cuts no wait short',
    file: 'packages/db/src/sql/mark.ts',
    from: "IN ('person', 'connect')",
    to: "IN ('person')",
    test: store('a mark by %s cuts a backoff short, but not what the provider asked for'),
  },
  {
    rule: 'push-23',
    what: 'what a person has stopped is attended',
    file: leases,
    from: 'AND a.enabled AND',
    to: 'AND',
    test: store('one worker holds all, with what it needs to reach them, and nobody who is stopped or gone'),
  },
  {
    rule: 'push-23',
    what: 'the first worker keeps everything',
    file: leases,
    from: 'ORDER BY since, account_id OFFSET $2',
    to: 'ORDER BY since, account_id OFFSET $2::int4 + 1000',
    test: store(
      'a second worker gets its share as the first lets go, and what it held comes back when it leaves',
    ),
  },
  {
    rule: 'push-23',
    what: 'workers that ask at once do not see each other',
    file: leases,
    from: "await tx.query('SELECT pg_advisory_xact_lock($1)', [TURN])",
    to: '',
    test: store('of workers that ask at once nobody gets what another has'),
  },
  {
    rule: 'push-23',
    what: 'what a dead worker held is nobody’s for an hour',
    file: leases,
    from: 'WHERE lease_until <= $2 OR',
    to: 'WHERE lease_until <= $2::int8 - 3600000 OR',
    test: store('a worker that is dead holds nothing once its lease is over, and not before'),
  },
  {
    rule: 'push-23',
    what: 'dead workers keep their share',
    file: leases,
    from: 'DELETE FROM worker WHERE seen_until <= $1',
    to: 'DELETE FROM worker WHERE seen_until <= $1::int8 - 3600000',
    test: store('whoever comes and goes: nobody has two holders, and all are held evenly when it is quiet'),
  },
  {
    rule: 'push-24',
    what: 'a worker that stops frees nothing',
    file: 'packages/sync/src/attend.ts',
    from: 'await store.leave(this.#workerId).catch(',
    to: 'await Promise.resolve().catch(',
    test: attend('moves between workers as they come and go, and is nobody’s when all have stopped'),
  },
  {
    rule: 'push-24',
    what: 'what is held is free before it has ended',
    file: 'packages/sync/src/attend.ts',
    from: 'await Promise.all(all.map(attendant => attendant.stop()))',
    to: 'for (const attendant of all) void attendant.stop()',
    test: attend('is waited for while it ends, all of them at once'),
  },
  {
    rule: 'push-24',
    what: 'a worker without a database holds on',
    file: 'packages/sync/src/attend.ts',
    from: 'if (world.now() >= this.#ours) this.#hold([])',
    to: '',
    test: attend('is let go when nobody can tell any more whose it is'),
  },
  {
    rule: 'push-24',
    what: 'a refused password is tried for ever, and nobody is told',
    file: attendant,
    from: 'await conn.refused(error).catch(() => {})',
    to: '',
    test: attend('of an account whose access was refused for good is let go, and the account says so'),
  },
  {
    rule: 'cursor-35',
    what: 'where there is no worker nobody looks for those who look',
    file: 'packages/runtime/src/background.ts',
    from: 'running = runTimers([forViewers], world, log, signal)',
    to: 'running = runTimers([], world, log, signal)',
    test: background(
      'what people look at without a doorbell is polled while they look, also where there is no worker',
    ),
  },
  {
    rule: 'cursor-35',
    what: 'everybody’s mail is polled as often as that of those who look',
    file: 'packages/db/src/sql/silent-lanes.ts',
    from: 'r.user_id = ANY($4)',
    to: 'r.user_id <> ALL($4) OR true',
    test: store('polls sooner what has no doorbell, of the people who are looking'),
  },
  {
    rule: 'cursor-36',
    what: 'an account with many folders takes every place',
    file: 'packages/sync/src/runner.ts',
    from: 'except: this.#crowded(),',
    to: 'except: [],',
    test: fairness('an account with hundreds of folders leaves a place to every other account'),
  },
  {
    rule: 'cursor-36',
    what: 'who is passed over is claimed all the same',
    file: 'packages/db/src/sql/claim-due.ts',
    from: 'AND account_id <> ALL($8)',
    to: 'AND (account_id <> ALL($8) OR true)',
    test: store('accounts that have enough under way are passed over'),
  },
]
