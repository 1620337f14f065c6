import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const webhook = at('unit', 'apps/web/test/graph-push.test.ts')
const watches = at('pg', 'packages/runtime/test/watches.pg.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')

const file = 'apps/web/src/server/graph-push.ts'

/** Notifications of Microsoft Graph. */
export const graphBreaks: readonly Break[] = [
  {
    rule: 'push-16',
    what: 'whoever knows the name of a watch is believed',
    file: 'packages/db/src/sql/record-pushes.ts',
    from: 'w.secret_hash = e.secret_hash',
    to: 'true',
    test: store('a push that names a watch marks its resource, if it knows the watch’s secret'),
  },
  {
    rule: 'push-16',
    what: 'a forged notification hides those beside it',
    file,
    from: 'pushes.map(push => receivePush(',
    to: 'pushes.slice(0, 1).map(push => receivePush(',
    test: webhook(
      'are recorded each by itself: what is forged, unknown or unreadable does not keep the others',
    ),
  },
  {
    rule: 'push-17',
    what: 'notifications are answered while their marks are being written',
    file,
    from: 'const outcomes = await record(call, pushes)',
    to: 'void record(call, pushes).catch(() => {})\n  const outcomes: PushOutcome[] = []',
    test: webhook('are answered 202 once every mark is durable, not before'),
  },
  {
    rule: 'push-17',
    what: 'a mark that could not be written is a success',
    file,
    from: "throw new ApiError('unavailable', 'The notifications could not be recorded. Send them again.')",
    to: 'return []',
    test: webhook('are no success when a mark could not be written: Graph sends them again'),
  },
  {
    rule: 'push-17',
    what: 'an answer waits for the database as long as that takes',
    file,
    from: 'return await inTime(receive(call, graph.parsePush))',
    to: 'return await receive(call, graph.parsePush)',
    test: webhook('have their answer before Graph calls it late, whatever the database does'),
  },
  {
    rule: 'push-18',
    what: 'a body of 8 MiB is read',
    file,
    from: 'BODY_LIMIT = 1024 * 1024',
    to: 'BODY_LIMIT = 8 * 1024 * 1024',
    test: webhook('are read up to 1 MiB, whatever the headers say, and up to 1,000 at once'),
  },
  {
    rule: 'push-18',
    what: 'who is not known is written down before it is counted',
    file,
    from: 'if (!known.has(caller)) await limitUnverified(call)',
    to: '',
    test: webhook(
      'of a caller who has sent too many that are not genuine are refused before anything is read',
    ),
  },
  {
    rule: 'push-18',
    what: 'who was genuine once is never counted again',
    file,
    from: 'remember(caller, outcomes.some(isGenuine))',
    to: 'remember(caller, true)',
    test: webhook('count against callers until one is genuine, and again after a post without any'),
  },
  {
    rule: 'push-19',
    what: 'the token is decoded twice',
    file,
    from: 'return echo(token)',
    to: 'return echo(decodeURIComponent(token))',
    test: webhook('is answered with exactly its token, decoded once: %s'),
  },
  {
    rule: 'push-19',
    what: 'the token is a page',
    file,
    from: "'text/plain; charset=utf-8'",
    to: "'text/html; charset=utf-8'",
    test: webhook('is answered with exactly its token, decoded once: %s'),
  },
  {
    rule: 'push-19',
    what: 'the token may be of any length',
    file,
    from: 'TOKEN_MAX = 4 * 1024',
    to: 'TOKEN_MAX = 4 * 1024 * 1024',
    test: webhook('has a token of at most 4 KiB'),
  },
  {
    rule: 'push-20',
    what: 'a watch that the provider has removed waits for its turn',
    file,
    from: "push.notice.kind === 'removed' || ",
    to: '',
    test: webhook(
      'of a watch that ends or has ended have the watches renewed afterwards; a stranger’s do not',
    ),
  },
  {
    rule: 'push-25',
    what: 'whoever has found a watch due registers it, too',
    file: 'packages/sync/src/watches.ts',
    from: 'if (!claim) return null',
    to: '',
    test: watches('register a missing watch once'),
  },
  {
    rule: 'push-25',
    what: 'what two have found due is claimed by both',
    file: 'packages/db/src/watches.ts',
    from: 'AND w.retry_at <= $3 AND r.id',
    to: 'AND $3::int8 > 0 AND r.id',
    test: watches('at the same moment register a missing watch once'),
  },
  {
    rule: 'push-25',
    what: 'what lost its row stays registered',
    file: 'packages/sync/src/watches.ts',
    from: 'if (!renewed && !grant.sole)',
    to: 'if (false)',
    test: watches('leave one watch when %s: what lost its row is taken back'),
  },
  {
    rule: 'push-25',
    what: 'a watch is saved for an account that was stopped',
    file: 'packages/db/src/watches.ts',
    from: 'AND NOT r.paused`,\n    values',
    to: '`,\n    values',
    test: watches('take back what was registered for an account that was stopped meanwhile'),
  },
  {
    rule: 'push-25',
    what: 'Gmail’s only watch is taken back',
    file: 'packages/sync/src/watches.ts',
    from: '!renewed && !grant.sole',
    to: '!renewed',
    test: watches('do not stop the only watch that a mailbox can have, which is the one that counts'),
  },
  {
    rule: 'push-25',
    what: 'a round that was given up keeps its claim',
    file: 'packages/sync/src/watches.ts',
    from: 'outer.aborted ? now : ',
    to: '',
    test: watches('that is given up does not hold the next'),
  },
  {
    rule: 'push-25',
    what: 'a claim that has ended is as good as one that lives',
    file: 'packages/db/src/watches.ts',
    from: ' AND w.retry_at = $3`',
    to: ' AND $3::int8 > 0`',
    test: store('is claimed by one of two, and by the other when that one’s claim has ended'),
  },
  {
    rule: 'push-25',
    what: 'what was renewed meanwhile is renewed again',
    file: 'packages/db/src/watches.ts',
    from: 'w.expires_at IS NOT DISTINCT FROM $5',
    to: '($5::int8 IS NULL OR true)',
    test: store('that was registered since it was found to be due is not claimed'),
  },
  {
    rule: 'push-25',
    what: 'two claims of one moment are one',
    file: 'packages/db/src/watches.ts',
    from: '`w.resource_id = $1 AND w.provider_id IS NOT DISTINCT FROM $2 AND',
    to: '`w.resource_id = $1 AND ($2::text IS NULL OR true) AND',
    test: store(
      'that a person or the provider ends meanwhile is nobody’s: the claim ends, and it is due at once',
    ),
  },
  {
    rule: 'push-25',
    what: 'the watch of a stopped account is claimed',
    file: 'packages/db/src/watches.ts',
    from: 'AND r.id = w.resource_id AND NOT r.paused`,\n    [resourceId',
    to: 'AND r.id = w.resource_id`,\n    [resourceId',
    test: store('of an account that was stopped or removed meanwhile is neither claimed nor saved'),
  },
]
