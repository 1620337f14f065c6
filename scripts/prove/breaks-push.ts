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
const engine = at('pg', 'packages/runtime/test/engine.pg.test.ts')

export const pushBreaks: readonly Break[] = [
  {
    rule: 'push-1',
    what: 'a token made for another audience is believed',
    file: 'packages/providers/src/gmail/push.ts',
    from: 'verifyIdToken({ idToken, audience: pushAudience })',
    to: 'verifyIdToken({ idToken })',
    test: push('for another endpoint or from another service account is rejected'),
  },
  {
    rule: 'push-1',
    what: 'a token of any service account is believed',
    file: 'packages/providers/src/gmail/push.ts',
    from: 'if (payload.email?.toLowerCase() !== pushServiceAccount.toLowerCase())',
    to: "if (payload.email === '')",
    test: push('for another endpoint or from another service account is rejected'),
  },
  {
    rule: 'push-1',
    what: 'an e-mail that nobody has verified is believed',
    file: 'packages/providers/src/gmail/push.ts',
    from: 'if (payload?.email_verified !== true)',
    to: 'if (!payload)',
    test: push('with a bad token (%s) is rejected, and the rejection does not quote it'),
  },
  {
    rule: 'push-1',
    what: 'where no audience is set, a token for any is believed',
    file: 'packages/providers/src/gmail/push.ts',
    from: 'if (!pushAudience || !pushServiceAccount)',
    to: 'if (!pushServiceAccount)',
    test: push('is never accepted where audience or service account are not set'),
  },
  {
    rule: 'push-2',
    what: 'a rejection quotes the token',
    file: 'packages/providers/src/gmail/push.ts',
    from: "words ?? 'it could not be verified'",
    to: 'message',
    test: push('with a bad token (%s) is rejected, and the rejection does not quote it'),
  },
  {
    rule: 'push-3',
    what: 'without Google’s certificates a push is refused for good',
    file: 'packages/providers/src/gmail/push.ts',
    from: '/retrieve verification certificates/i.test(message) ||',
    to: '',
    test: push('that cannot be verified because the certificates cannot be had is to come again'),
  },
  {
    rule: 'push-4',
    what: 'a push is answered while its mark is being written',
    file: 'packages/sync/src/receive-push.ts',
    from: 'const outcome = await engine.store.recordPush(event, engine.world.now())',
    to: "void engine.store.recordPush(event, engine.world.now()).catch(() => {})\n  const outcome: PushOutcome = { outcome: 'marked', accountIds: [] }",
    test: receive('a push is answered, and work is rung, only once its mark is durable'),
  },
  {
    rule: 'push-4',
    what: 'the webhook answers before the mark is durable',
    file: 'packages/sync/src/receive-push.ts',
    from: 'const outcome = await engine.store.recordPush(event, engine.world.now())',
    to: "void engine.store.recordPush(event, engine.world.now()).catch(() => {})\n  const outcome: PushOutcome = { outcome: 'marked', accountIds: [] }",
    test: webhook('answers 204 once the mark is durable, not before, and works after the answer'),
  },
  {
    rule: 'push-4',
    what: 'a push is recorded, and nothing is marked',
    file: 'packages/db/src/pushes.ts',
    from: "await markIds(tx, ids, 'push', now)",
    to: '',
    test: store('a push marks the live lane of its mailbox, whatever the case of its address'),
  },
  {
    rule: 'push-5',
    what: 'what could not be made durable is acknowledged',
    file: 'packages/providers/src/gmail/pubsub-pull.ts',
    from: '      failed = error\n      break\n',
    to: '      failed = error\n      done.push(ackId)\n',
    test: pull('that could not be made durable come again'),
  },
  {
    rule: 'push-6',
    what: 'a redelivery marks nothing',
    file: 'packages/db/src/pushes.ts',
    from: 'const repeated = await seenBefore(tx, event, now)\n',
    to: "const repeated = await seenBefore(tx, event, now)\n  if (repeated) return { outcome: 'duplicate', accountIds }\n",
    test: store(
      'a push seen within the hour is a duplicate that marks all the same; pushes of nobody are told apart',
    ),
  },
  {
    rule: 'push-6',
    what: 'of several users of one mailbox one is told',
    file: 'packages/db/src/pushes.ts',
    from: 'AND ($3::text IS NULL OR r.key = $3)`',
    to: 'AND ($3::text IS NULL OR r.key = $3) LIMIT 1`',
    test: store('a mailbox that several users have connected is marked for each of them'),
  },
  {
    rule: 'push-7',
    what: 'a push that names nobody leaves no record',
    file: 'packages/db/src/pushes.ts',
    from: 'const outcome = await act(tx, event, now)\n',
    to: 'const outcome = await act(tx, event, now)\n    if (outcome.accountIds.length === 0) return outcome\n',
    test: engine('that name nobody are recorded'),
  },
  {
    rule: 'push-7',
    what: 'a push that names nobody is refused',
    file: 'packages/sync/src/receive-push.ts',
    from: '  return outcome\n',
    to: "  if (outcome.accountIds.length === 0) throw new Error('Nobody is called that.')\n  return outcome\n",
    test: webhook('acknowledges what names nobody here or cannot be read, and records it'),
  },
  {
    rule: 'push-8',
    what: 'what Pub/Sub writes as a number is not read',
    file: 'packages/providers/src/gmail/push.ts',
    from: 'historyId: z.union([z.string().regex(/^\\d{1,20}$/), z.number().int().nonnegative()]),',
    to: 'historyId: z.string().regex(/^\\d{1,20}$/),',
    test: push('may have its history id as a number, and its message id in the old spelling'),
  },
  {
    rule: 'push-8',
    what: 'anything with an address in it is taken for a notification',
    file: 'packages/providers/src/gmail/push.ts',
    from: 'historyId: z.union([z.string().regex(/^\\d{1,20}$/), z.number().int().nonnegative()]),',
    to: 'historyId: z.unknown(),',
    test: push('that is no notification is undecodable: %.60j'),
  },
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
    file: 'apps/web/src/server/gmail-push.ts',
    from: 'if (!limited.ok)',
    to: 'if (limited.retryAfterS < 0)',
    test: webhook('counts only callers that could not prove to be Pub/Sub, and slows them down'),
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
    rule: 'push-11',
    what: 'while Redis does not answer nothing is limited',
    file: 'packages/realtime/src/rate-limit-redis.ts',
    from: "          onTrouble('Counting a rate limit in Redis', error)\n        }\n        return fallback.take(key)",
    to: "          onTrouble('Counting a rate limit in Redis', error)\n        }\n        return { ...fallback.take(key), ok: true }",
    test: redis('a Redis that is not there: no exception, and a limit all the same'),
  },
  {
    rule: 'push-12',
    what: 'the reader of a pull subscription ends at the first failure',
    file: 'packages/providers/src/gmail/pubsub-pull.ts',
    from: '      failures += 1\n',
    to: '      failures += 1\n      if (failures > 0) throw error\n',
    test: pull('keep being asked for after failures, and each failure is told'),
  },
]
