import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const push = at('unit', 'packages/providers/test/gmail-push.test.ts')
const pull = at('unit', 'packages/providers/test/gmail-pubsub-pull.test.ts')
const receive = at('unit', 'packages/sync/test/receive-push.test.ts')
const webhook = at('unit', 'apps/web/test/gmail-push.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const engine = at('pg', 'packages/runtime/test/engine.pg.test.ts')
const direct = at('unit', 'apps/web/test/direct.test.ts')

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
    file: 'packages/db/src/sql/record-pushes.ts',
    from: 'FROM named WHERE enabled AND genuine GROUP BY id',
    to: 'FROM named WHERE id IS NULL GROUP BY id',
    test: store('a push marks the live lane of its mailbox, whatever the case of its address'),
  },
  {
    rule: 'push-4',
    what: 'a push whose mark could not be written is answered all the same',
    file: 'packages/sync/src/receive-push.ts',
    from: 'await engine.store.recordPush(event, engine.world.now())',
    to: "await engine.store.recordPush(event, engine.world.now()).catch((): PushOutcome => ({ outcome: 'marked', accountIds: [], ring: false }))",
    test: webhook('is no success when the mark could not be written: Pub/Sub sends it again'),
  },
  {
    rule: 'push-4',
    what: 'the sync that follows holds up the answer',
    file: 'apps/web/src/server/direct.ts',
    from: 'await send(answer, response)\n    for (const work of later)\n      work()',
    to: 'for (const work of later) await work()\n    await send(answer, response)\n    for (const work of later)\n      work()',
    test: direct('work for afterwards runs once the answer is out, and its failure is logged'),
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
    file: 'packages/db/src/sql/record-pushes.ts',
    from: 'SELECT id, max(at) AS at FROM named WHERE enabled AND genuine GROUP BY id',
    to: 'SELECT named.id, max(named.at) AS at FROM named JOIN event USING (n) WHERE enabled AND genuine AND NOT repeated GROUP BY named.id',
    test: store(
      'a push seen within the hour is a duplicate that marks all the same; pushes of nobody are told apart',
    ),
  },
  {
    rule: 'push-6',
    what: 'of several users of one mailbox one is told',
    file: 'packages/db/src/sql/record-pushes.ts',
    from: 'JOIN account a ON a.provider = e.provider AND a.email = lower(e.mailbox)',
    to: 'JOIN LATERAL (SELECT * FROM account WHERE provider = e.provider AND email = lower(e.mailbox) LIMIT 1) a ON true',
    test: store('a mailbox that several users have connected is marked for each of them'),
  },
  {
    rule: 'push-7',
    what: 'a push that names nobody leaves no record',
    file: 'packages/db/src/sql/record-pushes.ts',
    from: 'at FROM event JOIN outcome USING (n) ORDER BY n',
    to: "at FROM event JOIN outcome USING (n) WHERE account_ids <> '{}' ORDER BY n",
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
    rule: 'push-8',
    what: 'one of the two base64 alphabets is not read',
    file: 'packages/providers/src/gmail/push.ts',
    from: "Buffer.from(data, 'base64')",
    to: "Buffer.from(/[-_]/.test(data) ? '' : data, 'base64')",
    test: push('is read in both base64 alphabets, padded or not'),
  },
  {
    rule: 'push-8',
    what: 'what comes unwrapped is not read',
    file: 'packages/providers/src/gmail/push.ts',
    from: "'emailAddress' in given",
    to: "'email' in given",
    test: push('may come unwrapped, with its id in a header'),
  },
  {
    rule: 'push-6',
    what: 'a redelivery is not told from a first delivery',
    file: 'packages/db/src/sql/record-pushes.ts',
    from: "WHEN e.repeated THEN 'duplicate'",
    to: "WHEN false THEN 'duplicate'",
    test: engine('are counted as duplicates when redelivered, and harmless'),
  },
]
