import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const push = at('unit', 'packages/providers/test/gmail-push.test.ts')
const pull = at('unit', 'packages/providers/test/gmail-pubsub-pull.test.ts')
const receive = at('unit', 'packages/sync/test/receive-push.test.ts')
const webhook = at('unit', 'apps/web/test/gmail-push.test.ts')
const limits = at('unit', 'packages/realtime/test/rate-limit.test.ts')
const redis = at('redis', 'packages/realtime/test/rate-limit.redis.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const direct = at('unit', 'apps/web/test/direct.test.ts')
const pushes = at('pg', 'packages/db/test/pushes.pg.test.ts')

/** What bounds pushes, and what keeps many of them cheap. */
export const limitsBreaks: readonly Break[] = [
  {
    rule: 'push-9',
    what: 'a body of any size is read',
    file: 'apps/web/src/server/read-body.ts',
    from: 'if (size > limit)',
    to: 'if (size > 1_000 * limit)',
    test: webhook('reads no more than 64 KiB, whatever the headers say'),
  },
  {
    rule: 'push-9',
    what: 'who cannot prove to be Pub/Sub may try as often as it likes',
    file: 'apps/web/src/server/unverified.ts',
    from: 'if (!limited.ok)',
    to: 'if (limited.retryAfterS < 0)',
    test: webhook('counts only callers that could not prove to be Pub/Sub, and slows them down'),
  },
  {
    rule: 'push-9',
    what: 'a body that is too large takes its connection along',
    file: 'apps/web/src/server/direct.ts',
    from: 'response.statusCode = answer.status',
    to: 'response.statusCode = answer.status\n  response.shouldKeepAlive = answer.status < 400',
    test: direct(
      'a body that goes on beyond its limit is refused before its end, and the connection lives on',
    ),
  },
  {
    rule: 'push-9',
    what: 'a caller’s address is the last proxy’s',
    file: 'apps/web/src/server/node-request.ts',
    from: "if (remoteAddress && !headers.has('x-forwarded-for'))",
    to: 'if (remoteAddress)',
    test: direct(
      'a handler sees method, path, query, headers as Node has parsed them, and the caller’s address',
    ),
  },
  {
    rule: 'push-10',
    what: 'a limit forgets the window before',
    file: 'packages/realtime/src/rate-limit-memory.ts',
    from: 'const ok = used < rule.limit',
    to: 'const ok = used <= rule.limit',
    test: limits('it allows the limit, refuses the next with a time to wait, and keeps keys apart'),
  },
  {
    rule: 'push-10',
    what: 'every address that ever called is remembered',
    file: 'packages/realtime/src/rate-limit-memory.ts',
    from: 'if (counts.size > maxKeys)',
    to: 'if (counts.size > 1_000 * maxKeys)',
    test: limits('it remembers so many keys only, and forgets the one unused for longest'),
  },
  {
    rule: 'push-10',
    what: 'at the edge of a window twice the limit goes through',
    file: 'packages/realtime/src/rate-limit-memory.ts',
    from: 'Math.floor(count.previous * (1 - passed)) + count.current',
    to: 'count.current',
    test: limits('no span of one window lets more than the limit and its share of the window before through'),
  },
  {
    rule: 'push-11',
    what: 'while Redis does not answer nothing is limited',
    file: 'packages/realtime/src/rate-limit-redis.ts',
    from: "          onTrouble('Counting a rate limit in Redis', error)\n        }\n        return fallback.take(key)",
    to: "          onTrouble('Counting a rate limit in Redis', error)\n        }\n        return { ...fallback.take(key), ok: true }",
    test: redis('a Redis that is not there: no exception, and a limit all the same'),
  },
  {
    rule: 'push-11',
    what: 'each process counts by itself',
    file: 'packages/realtime/src/rate-limit-redis.ts',
    from: '() => ratelimit.limit(key)',
    to: '() => ratelimit.limit(key + Math.random())',
    test: redis('processes share one count, under keys with the prefix'),
  },
  {
    rule: 'push-11',
    what: 'a slow Redis lets everybody through',
    file: 'packages/realtime/src/rate-limit-redis.ts',
    from: 'if (signal?.aborted || !breaker.admits()) return fallback.take(key)',
    to: 'if (signal?.aborted || !breaker.admits()) return { ...fallback.take(key), ok: true }',
    test: redis('a Redis that does not answer: the process counts by itself, still within the rule'),
  },
  {
    rule: 'push-12',
    what: 'the reader of a pull subscription ends at the first failure',
    file: 'packages/providers/src/gmail/pubsub-pull.ts',
    from: '      failures += 1\n',
    to: '      failures += 1\n      if (failures > 0) throw error\n',
    test: pull('keep being asked for after failures, and each failure is told'),
  },
  {
    rule: 'push-12',
    what: 'what a notification says is lost on the way',
    file: 'packages/providers/src/gmail/pubsub-pull.ts',
    from: 'message: message ?? {}',
    to: 'message: message && {}',
    test: pull('are pulled, and name the mailbox that rang'),
  },
  {
    rule: 'push-13',
    what: 'a token that has expired is believed',
    file: 'packages/providers/src/gmail/verified-tokens.ts',
    from: 'if (expiresAt <= this.#now()) return false',
    to: '',
    test: push('are known until they expire, and no longer'),
  },
  {
    rule: 'push-13',
    what: 'any number of tokens is remembered',
    file: 'packages/providers/src/gmail/verified-tokens.ts',
    from: 'if (this.#expiries.size <= MOST) break',
    to: 'if (this.#expiries.size >= 0) break',
    test: push('are a thousand at most: the longest unused is forgotten'),
  },
  {
    rule: 'push-13',
    what: 'a token is known by its beginning',
    file: 'packages/providers/src/gmail/verified-tokens.ts',
    from: "hash('sha256', token, 'base64')",
    to: 'token.slice(0, 100)',
    test: push('with a token that was verified before needs no certificates, and another token does'),
  },
  {
    rule: 'push-14',
    what: 'one push that cannot be recorded fails its neighbours',
    file: 'packages/db/src/pushes.ts',
    from: 'if (group.length > 1 && isOfItsData(error))',
    to: 'if (group.length > 100_000)',
    test: pushes('a push that cannot be recorded fails alone'),
  },
  {
    rule: 'push-14',
    what: 'each of a group is answered like its first',
    file: 'packages/db/src/pushes.ts',
    from: 'const outcome = outcomes[at]',
    to: 'const outcome = outcomes[0 * at]',
    test: pushes('pushes that come at once are told apart, each answered for itself'),
  },
  {
    rule: 'push-14',
    what: 'any number of pushes may wait for their turn',
    file: 'packages/db/src/pushes.ts',
    from: 'if (waiting.length >= WAITING_MAX)',
    to: 'if (waiting.length >= 1_000 * WAITING_MAX)',
    test: pushes('a push is answered only once its mark is committed, and too many that wait are refused'),
  },
  {
    rule: 'push-14',
    what: 'a push is answered before its group is written',
    file: 'packages/db/src/pushes.ts',
    from: 'waiting.push({ event: bounded(event), now, resolve, reject })',
    to: "waiting.push({ event: bounded(event), now, resolve, reject })\n      resolve({ outcome: 'marked', accountIds: [], ring: false })",
    test: pushes('a push is answered only once its mark is committed, and too many that wait are refused'),
  },
  {
    rule: 'push-15',
    what: 'each push rings, whatever is due already',
    file: 'packages/sync/src/receive-push.ts',
    from: 'if (outcome.ring)',
    to: 'if (outcome.accountIds.length > 0)',
    test: receive('work is not rung for a mailbox that was due already'),
  },
  {
    rule: 'push-15',
    what: 'who was told once is never told again',
    file: 'packages/db/src/sql/record-pushes.ts',
    from: 'const TOLD_MS = 1_000',
    to: 'const TOLD_MS = 1_000_000',
    test: store(
      'a push rings where something becomes due by it, and again where a mark waits for longer than a moment',
    ),
  },
]
