import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const webhook = at('unit', 'apps/web/test/graph-push.test.ts')
const background = at('unit', 'packages/runtime/test/background.test.ts')
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
    rule: 'push-20',
    what: 'rounds of renewal overlap, and a watch is registered twice',
    file: 'packages/runtime/src/background.ts',
    from: 'renewing.then(() => renewWatches(engine, withinMs, signal))',
    to: 'renewWatches(engine, withinMs, signal)',
    test: background('two rounds of renewing watches at once register each watch once'),
  },
]
