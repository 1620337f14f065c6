import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const engine = at('pg', 'packages/runtime/test/engine.pg.test.ts')
const store = at('pg', 'packages/db/test/store-contract.pg.test.ts')
const secrets = at('pg', 'packages/db/test/secrets.pg.test.ts')
const vault = at('unit', 'packages/db/test/vault.test.ts')
const log = at('unit', 'packages/runtime/test/log.test.ts')
const gmail = at('unit', 'packages/providers/test/gmail.contract.test.ts')
const pacing = at('unit', 'packages/sync/test/pacing.test.ts')
const consent = at('pg', 'apps/web/test/imap-consent.pg.test.ts')
const grants = at('pg', 'packages/db/test/grants.pg.test.ts')

export const accessBreaks: readonly Break[] = [
  {
    rule: 'cursor-22',
    what: 'a failing old grant disconnects the newer one',
    file: 'packages/db/src/accounts.ts',
    from: 'AND g.version = $3)',
    to: 'AND g.version >= $3)',
    test: store('a disconnection for an old grant does not touch the newer one'),
  },
  {
    rule: 'cursor-22',
    what: 'a refresh that comes back late overwrites a person’s new grant',
    file: 'packages/db/src/grants.ts',
    from: 'WHERE account_id = $1 AND version = $2`',
    to: 'WHERE account_id = $1 AND version >= $2`',
    test: store('a refresh that fails, or comes back after a person has connected anew, changes nothing'),
  },
  {
    rule: 'cursor-23',
    what: 'a watch’s secret is stored as it is',
    file: 'packages/db/src/watches.ts',
    from: "return createHash('sha256').update(secret).digest()",
    to: 'return Buffer.from(secret)',
    test: secrets(
      'tokens and watch secrets are nowhere in the database, and the search for them would find them',
    ),
  },
  {
    rule: 'cursor-23',
    what: 'the authentication tag of a ciphertext is not checked',
    file: 'packages/db/src/vault.ts',
    from: "return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')",
    to: "return decipher.update(body).toString('utf8')",
    test: vault('a ciphertext moved to another account does not open'),
  },
  {
    rule: 'cursor-24',
    what: 'a field that holds a token is logged',
    file: 'packages/runtime/src/log.ts',
    from: "  'refreshToken',\n",
    to: '',
    test: log('censors secrets wherever they stand'),
  },
  {
    rule: 'cursor-24',
    what: 'an error of the provider carries the request, with its headers',
    file: 'packages/providers/src/gmail/client.ts',
    from: 'const error = toProviderError(failure, call.action, world.now())',
    to: 'const error = Object.assign(toProviderError(failure, call.action, world.now()), { token })',
    test: gmail('nothing thrown quotes a token'),
  },
  {
    rule: 'cursor-25',
    what: 'after a person’s change nobody looks at the provider',
    file: 'packages/sync/src/carry-out.ts',
    from: 'if (pending.length > 0) {',
    to: 'if (pending.length > AT_ONCE) {',
    test: engine('reach the provider and come back through live sync'),
  },
  {
    rule: 'cursor-26',
    what: 'an earlier send under the same client id is not looked for',
    file: 'packages/providers/src/gmail/send.ts',
    from: 'if (change.again !== false) {',
    to: 'if (change.again === true) {',
    test: gmail('twice with one client id sends once: in a row, at the same time, and from a new process'),
  },
  {
    rule: 'cursor-26',
    what: 'a change that comes again is carried out again',
    file: 'packages/db/src/mutations.ts',
    from: 'ON CONFLICT (user_id, client_id) DO NOTHING',
    to: "ON CONFLICT (user_id, client_id) DO UPDATE SET state = 'pending'",
    test: store('sending twice is doing once'),
  },
  {
    rule: 'cursor-27',
    what: 'the bucket refills at the whole budget’s pace',
    file: 'packages/sync/src/pacing.ts',
    from: '(limits.unitsPerMinute ?? 0) * (1 - BURST_SHARE) * pace.share',
    to: '(limits.unitsPerMinute ?? 0) * (1 + BURST_SHARE) * pace.share',
    test: pacing('is used to 97 % and more when there is always work'),
  },
  {
    rule: 'cursor-27',
    what: 'any number may wait for their turn',
    file: 'packages/sync/src/pacing.ts',
    from: 'if (waiting() >= limits.maxWaiting)',
    to: 'if (waiting() >= 1_000 * limits.maxWaiting)',
    test: pacing('is bounded in number'),
  },
  {
    rule: 'cursor-28',
    what: 'a comparison begins before there is a cursor',
    file: 'packages/db/src/sql/may-reconcile.ts',
    from: "WHEN 'live' THEN o.cursor IS NULL",
    to: "WHEN 'live' THEN false",
    test: engine(
      'before the first cursor is left to the first run, so that nothing is stored that no cursor follows',
    ),
  },
  {
    rule: 'cursor-22',
    what: 'what a refresh has brought is not stored',
    file: 'packages/db/src/grants.ts',
    from: 'key_id = $3, ciphertext = $4, updated_at = $5\n          WHERE account_id = $1 AND version = $2',
    to: 'key_id = $3, ciphertext = coalesce(ciphertext, $4), updated_at = $5\n          WHERE account_id = $1 AND version = $2',
    test: store('of many who refresh a grant at once one does it, and the others find its result'),
  },
  {
    rule: 'cursor-22',
    what: 'a grant that was taken back is tried for ever',
    file: 'packages/sync/src/connection.ts',
    from: "if (!(error instanceof ProviderError && error.kind === 'unauthorized' && error.reconnect)) return",
    to: 'if (error) return',
    test: engine(
      'disconnects the account until its owner connects it again; then sync goes on from its cursor',
    ),
  },
  {
    rule: 'cursor-23',
    what: 'a ciphertext that was cut short opens',
    file: 'packages/db/src/vault.ts',
    from: "return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')",
    to: "return decipher.update(body).toString('utf8')",
    test: vault('a ciphertext with any byte changed, or cut short, does not open'),
  },
  {
    rule: 'cursor-25',
    what: 'a person’s change waits until somebody looks',
    file: 'packages/db/src/mutations.ts',
    from: "await markIds(\n      tx,\n      rows.map(row => row.id),\n      'mutation',\n      now,\n    )",
    to: '',
    test: store('a mutation is pending, durable, resolved to the provider’s ids, and its lane is due'),
  },
  {
    rule: 'cursor-26',
    what: 'a send without an answer is sent again',
    file: 'packages/providers/src/gmail/send.ts',
    from: 'once: true,\n          timeoutMs',
    to: 'once: false,\n          timeoutMs',
    test: gmail('whose answer is lost (%s) never sends twice, and its end is known or said to be unknown'),
  },
  {
    rule: 'cursor-27',
    what: 'what is spent is not counted',
    file: 'packages/sync/src/pacing.ts',
    from: 'tokens: current.tokens - units }',
    to: 'tokens: current.tokens - 0 * units }',
    test: pacing('is never exceeded in any minute, whoever asks for what and whenever'),
  },
  {
    rule: 'cursor-27',
    what: 'who is in a hurry waits behind a backfill',
    file: 'packages/sync/src/pacing.ts',
    from: '{ interactive: 0, live: 1, backfill: 2 }',
    to: '{ interactive: 2, live: 1, backfill: 0 }',
    test: pacing('serves by priority, then by arrival'),
  },
  {
    rule: 'cursor-27',
    what: 'who waits is never let go',
    file: 'packages/sync/src/pacing.ts',
    from: 'if (!waiter || now - waiter.since < limits.maxWaitMs) continue',
    to: 'if (waiter) continue',
    test: pacing('that becomes too long ends too: no wait outlives its bound'),
  },
  {
    rule: 'cursor-22',
    what: 'each process refreshes a grant for itself',
    file: 'packages/db/src/grants.ts',
    from: "await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('inlet.grant.' || $1, 0))`, [accountId])",
    to: '',
    test: grants(
      'of two processes that refresh one grant at once one does it, and the other finds its result',
    ),
  },
  {
    rule: 'place-20',
    what: 'what was granted may be tried without end',
    file: 'apps/web/src/server/connect.ts',
    from: 'const refused = consent && (await tooManyLogins(call))',
    to: 'const refused = null',
    test: consent('whoever has logins tried is stopped after ten, whichever way, and told so where it began'),
  },
]
