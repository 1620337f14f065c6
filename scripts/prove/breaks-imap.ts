import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const providers = (name: string) => `packages/providers/test/${name}`
const folder = at('imap', providers('imap-pull-folder.imap.test.ts'))
const folders = at('imap', providers('imap-folders.imap.test.ts'))
const fetched = at('imap', providers('imap-fetch.imap.test.ts'))
const views = at('unit', providers('imap-walk-views.test.ts'))
const threads = at('unit', providers('imap-threads.test.ts'))
const change = at('imap', providers('imap-change.imap.test.ts'))
const guard = at('unit', providers('imap-host-guard.test.ts'))
const login = at('unit', providers('imap-try-login.test.ts'))
const pool = at('unit', providers('imap-pool.test.ts'))
const sessions = at('imap', providers('imap-session.imap.test.ts'))
const sending = at('imap', providers('imap-send.imap.test.ts'))
const account = at('imap', 'apps/web/test/imap-account.imap.test.ts')

const imap = (name: string) => `packages/providers/src/imap/${name}.ts`

/** What a mail server shows, who is let in, and mail that leaves. */
export const imapBreaks: readonly Break[] = [
  {
    rule: 'place-12',
    what: 'where expunges are not told nobody looks who is gone',
    file: imap('pull-folder'),
    from: 'if (stored !== null && stored + arrived !== now.exists)',
    to: 'if (stored === -1)',
    test: folder('new mail, other flags and expunges are found, each once, and then nothing more'),
  },
  {
    rule: 'place-12',
    what: 'where flags are numbered nobody asks for those that changed',
    file: imap('pull-folder'),
    from: "if (tracked === 'condstore' && after > before)",
    to: 'if (after < before)',
    test: folder('new mail, other flags and expunges are found, each once, and then nothing more'),
  },
  {
    rule: 'place-13',
    what: 'connections show what they knew last',
    file: imap('in-folder'),
    from: 'const fresh = view !== null && !view.has(session)',
    to: 'const fresh = false',
    test: folder('connections that had the folder selected before hide nothing that has happened since'),
  },
  {
    rule: 'place-13',
    what: 'a selected folder is counted as it was known last',
    file: imap('locate'),
    from: 'if (client.mailbox && client.mailbox.path === path) await client.noop()',
    to: '',
    test: folder('connections that had the folder selected before hide nothing that has happened since'),
  },
  {
    rule: 'place-13',
    what: 'a walk that begins anew sees the folder as the one before it did',
    file: imap('walk-views'),
    from: 'position === null ? undefined : walks.get(folder)',
    to: 'walks.get(folder)',
    test: views('the pages of a walk share their view for a minute, and another walk has its own'),
  },
  {
    rule: 'place-14',
    what: 'who wrote a message is not asked for',
    file: imap('fetch-rows'),
    from: 'at <= 2 || at === 9',
    to: 'at <= 1 || at === 9',
    test: fetched('are told from each other by the same facts as imapflow tells'),
  },
  {
    rule: 'place-14',
    what: 'a message is what lies under a number',
    file: imap('identity'),
    from: 'size ?? -1,',
    to: '(arguments[0] as { uid?: number }).uid,',
    test: folders('an identity survives move, copy, a new UIDVALIDITY and a folder made anew'),
  },
  {
    rule: 'place-15',
    what: 'every message is a thread of its own',
    file: imap('threads'),
    from: '.update(oldest)',
    to: '.update(own)',
    test: threads('are named after the oldest message that one of them names, in whatever order they come'),
  },
  {
    rule: 'place-15',
    what: 'an address in In-Reply-To joins all mail to it',
    file: imap('threads'),
    from: ' && !people.has(id.toLowerCase())',
    to: '',
    test: threads('are named after the oldest message that one of them names, in whatever order they come'),
  },
  {
    rule: 'place-16',
    what: 'a move that is repeated makes a second copy',
    file: imap('change'),
    from: 'again ? await notCopied(client, set, from.path, to) : set',
    to: 'set',
    test: change('a move whose answer was lost is repeated without making a second copy'),
  },
  {
    rule: 'place-16',
    what: 'what others have marked is removed with ours',
    file: imap('change'),
    from: 'const others = marked.filter(uid => !uids.includes(uid))',
    to: 'const others = marked.slice(0, 0)',
    test: change('a move takes these and no others, into folders of any name'),
  },
  {
    rule: 'place-17',
    what: 'one public address lets the private ones beside it through',
    file: imap('host-guard'),
    from: 'found.filter(isPublic)',
    to: '(found.some(isPublic) ? found : [])',
    test: guard('public ones may be used, in the order of DNS, whatever private ones stand among them'),
  },
  {
    rule: 'place-17',
    what: 'a name is believed without a look at its addresses',
    file: imap('host-guard'),
    from: 'found.filter(isPublic)',
    to: '(literal ? found.filter(isPublic) : found)',
    test: guard('no other way of writing an address gets past'),
  },
  {
    rule: 'place-17',
    what: 'what is not private is public',
    file: imap('host-guard'),
    from: "range() === 'unicast'",
    to: "range() !== 'private'",
    test: guard('no IPv4 address is public inside an IPv6 one'),
  },
  {
    rule: 'place-17',
    what: 'the name that was checked is looked up again',
    file: imap('session'),
    from: 'host: target.address,',
    to: 'host: imap.host,',
    test: guard('a name that changes its address after the check is not asked again'),
  },
  {
    rule: 'place-17',
    what: 'every installation allows private hosts',
    file: imap('host-guard'),
    from: 'const reachable = policy.allowPrivateHosts ?',
    to: 'const reachable = policy.security ?',
    test: account('this machine and its network are out of reach unless the installation allows them'),
  },
  {
    rule: 'place-18',
    what: 'a password goes across the internet in plain text',
    file: imap('host-guard'),
    from: "policy.security === 'none' ? reachable.filter(isLocal) : reachable",
    to: 'reachable',
    test: guard('%s never is'),
  },
  {
    rule: 'place-18',
    what: 'nobody has to vouch for a certificate',
    file: imap('session'),
    from: 'tls: { secureContext: trust(settings.trustedCertificates) },',
    to: 'tls: { rejectUnauthorized: false },',
    test: account('a certificate that nobody vouches for is refused'),
  },
  {
    rule: 'place-19',
    what: 'what a server repeats of the password is told',
    file: imap('failure'),
    from: 'return [text, base64(text), ',
    to: 'return [text, ',
    test: login('what the servers repeat of the password is not'),
  },
  {
    rule: 'place-19',
    what: 'a refused login is logged with what was typed',
    file: 'apps/web/src/server/imap-account.ts',
    from: 'runtime.log.warn({ server, reason },',
    to: 'runtime.log.warn({ server, reason, tried: typed.password },',
    test: account(
      'no password is in a log line, an answer or a row, and the search for them would find them',
    ),
  },
  {
    rule: 'place-20',
    what: 'passwords may be tried without end',
    file: 'apps/web/src/server/imap-account.ts',
    from: 'limit: 10, windowMs: 10 * 60_000',
    to: 'limit: 1_000, windowMs: 10 * 60_000',
    test: account('whoever tries passwords is stopped after ten'),
  },
  {
    rule: 'place-20',
    what: 'a refused password is tried on SMTP, too',
    file: imap('try-login'),
    from: 'if (problem || !smtp) return problem',
    to: 'if (!smtp) return problem',
    test: login('a refusal by IMAP is not tried again on SMTP'),
  },
  {
    rule: 'place-20',
    what: 'whoever waits tries the wrong password again',
    file: imap('pool'),
    from: 'slots.size === 0) for (const other of queue.splice(0)) other.fail(error)',
    to: 'slots.size < 0) for (const other of queue.splice(0)) other.fail(error)',
    test: sessions('a wrong password is tried once, not once for each who waits'),
  },
  {
    rule: 'place-20',
    what: 'a person waits for as long as the server likes',
    file: imap('try-login'),
    from: 'await within(from.world, tryMs, signal, run)',
    to: 'await run(signal)',
    test: login('a server that hangs is waited for no longer than a person would'),
  },
  {
    rule: 'place-21',
    what: 'each piece of work has a connection of its own',
    file: imap('pool'),
    from: 'if (found || slots.size >= most()) return found ?? null',
    to: 'if (found) return found',
    test: sessions('has never more connections than it may, whatever is asked'),
  },
  {
    rule: 'place-21',
    what: 'a connection is waited for without end',
    file: imap('pool'),
    from: 'world.sleep(settings.waitMs, waits.signal)',
    to: 'world.sleep(100 * settings.waitMs, waits.signal)',
    test: pool(
      'who waits for a connection longer than the limit is told so, and whoever comes later is served',
    ),
  },
  {
    rule: 'place-21',
    what: 'a server that is down is knocked at without a pause',
    file: imap('pool'),
    from: 'notBefore = world.now() + wait * (0.5 + world.random() / 2)',
    to: 'notBefore = world.now() + wait * 0',
    test: pool('after a failure the next attempt to connect waits, longer each time, until one succeeds'),
  },
  {
    rule: 'place-22',
    what: 'nobody looks for an earlier attempt',
    file: imap('send'),
    from: 'if (again !== false) {',
    to: "if (clientId === '') {",
    test: sending('a repeat finds what was sent and does not send it again'),
  },
  {
    rule: 'place-22',
    what: 'no answer to the message is a failure, and is tried again',
    file: imap('smtp'),
    from: 'if (begun && failure.reply === 0)',
    to: 'if (begun && failure.reply === 1)',
    test: sending('an answer that is lost after the message (%s) is for a person to decide'),
  },
  {
    rule: 'place-22',
    what: 'a host that keeps sent mail itself gets a second copy',
    file: imap('send'),
    from: 'sent === null || keepsItself ? null :',
    to: 'sent === null ? null :',
    test: sending('a host that keeps sent mail itself gets no second copy, and is believed'),
  },
  {
    rule: 'place-23',
    what: 'the copy of what was refused stays in Sent',
    file: imap('send'),
    from: 'if (copy) await settleSoon(at, from, copy, false)',
    to: '',
    test: sending('%s is told, leaves nothing in Sent, and may be tried again'),
  },
  {
    rule: 'place-23',
    what: 'whoever gives up leaves the copy behind',
    file: imap('send'),
    from: 'signal => settle({ ...at, signal }, copy, left)',
    to: '() => settle(at, copy, left)',
    test: sending('who gives up before the message left leaves nothing in Sent'),
  },
  {
    rule: 'place-23',
    what: 'a full mailbox keeps mail from leaving',
    file: imap('send'),
    from: 'if (error instanceof ProviderError && refused) return null',
    to: '',
    test: sending('a mailbox that is full does not keep mail from leaving'),
  },
]
