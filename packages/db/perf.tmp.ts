import { startPostgres } from '@inlet/testkit/postgres'
import { migrate } from './src/migrate.ts'
import { createPool } from './src/pool.ts'
import { createStore } from './src/store.ts'
import { createFeedReader } from './src/feed.ts'
import { createMessageReader } from './src/messages.ts'
import { createVault } from './src/vault.ts'
import { asUser } from './src/as-user.ts'
const NOW = 1_800_000_000_000
const server = await startPostgres(migrate)
const db = await server.createDatabase()
const pool = createPool({ url: db.url })
const store = createStore({ pool, vault: createVault({ current: 'a', keys: { a: new Uint8Array(32) } }) })
const t = async (name: string, fn: () => Promise<unknown>, n = 1) => { const s = performance.now(); let r; for (let i=0;i<n;i++) r = await fn(); console.log(name, ((performance.now() - s)/n).toFixed(2), 'ms'); return r as any }
const words = Array.from({length: 5000}, (_, i) => 'w' + (i * 7919 % 100003).toString(36))
const body = (i: number) => Array.from({ length: 400 }, (_, k) => words[(i * 31 + k * k * 17) % 5000]).join(' ')
const msg = (id: string, i: number) => ({ id, threadId: 't' + Math.floor(i / 3), version: 1n, subject: 'Subject ' + words[i % 5000], from: { name: 'P' + i % 50, email: `p${i % 50}@x.org` }, to: [{ name: 'Bob', email: 'bob@x.org' }], cc: [], bcc: [], replyTo: [], snippet: body(i).slice(0, 150), receivedAt: NOW - i * 60000, sentAt: NOW, labelIds: i % 3 ? ['INBOX', 'CAT'] : i % 500 === 0 ? ['RARE'] : ['ARCH'], unread: i % 4 === 0, starred: false, draft: false, sizeBytes: 5000, messageIdHeader: `<${id}@x>`, inReplyTo: null, references: [], attachments: [], body: { html: null, text: body(i), warning: null } })
const accounts: any[] = []
for (let u = 0; u < 4; u++) {
  const { accountId } = await store.createAccount({ userId: 'u' + u, provider: 'gmail', email: `u${u}@x.org`, displayName: 'x', grant: { data: {} }, resources: [{ key: 'mailbox', name: 'm' }] }, NOW)
  const [c] = await store.claimDue({ now: NOW, leaseMs: 1e9, limit: 1, accountId })
  accounts.push(c)
}
const commit = async (c: any, part: any) => { const r = await store.commit({ lease: c.lease, cursorVersion: c.cursorVersion, userId: c.userId, accountId: c.accountId, now: NOW, upserts: [], patches: [], deletions: [], missing: [], labels: null, failures: [], ...part }); c.cursorVersion = r.cursorVersion; return r }
const labels = ['INBOX', 'CAT', 'RARE', 'ARCH'].map(id => ({ id, name: id, role: null, color: null, hidden: false }))
const N = 30000
for (const c of accounts) {
  await commit(c, { labels })
  const s = performance.now()
  for (let i = 0; i < N; i += 500) await commit(c, { upserts: Array.from({ length: 500 }, (_, k) => msg('m' + (i + k), i + k)) })
  console.log('backfill', N, 'in 500s', (performance.now() - s).toFixed(0), 'ms', (N / (performance.now() - s) * 1000).toFixed(0), 'rows/s')
}
const s0 = performance.now()
const { drainSearchQueue } = await import('./src/search-index.ts')
const indexed = await drainSearchQueue(pool, 'u0'); console.log('indexed', indexed, (performance.now() - s0).toFixed(0), 'ms')
for (let u=1;u<4;u++) await drainSearchQueue(pool, 'u'+u)
await pool.query('ANALYZE')
const c = accounts[0]
let k = 0
await t('commit 100', () => commit(c, { upserts: Array.from({ length: 100 }, (_, i) => msg('n' + k + '-' + i, i + N + k++)) }), 10)
await t('commit 1 new', () => commit(c, { upserts: [msg('z' + k, N + 5000 + k++)] }), 50)
await t('commit 1 patch', () => commit(c, { patches: [{ id: 'm' + k, version: BigInt(++k), add: ['RARE'], remove: [], unread: false, starred: null }], cursor: 'c' + k }), 50)
await t('commit quiet cursor', () => commit(c, { cursor: 'c' + k++ }), 50)
await t('replay 500', () => commit(c, { upserts: Array.from({ length: 500 }, (_, i) => msg('m' + i, i)) }), 3)
await t('push', () => store.recordPush({ provider: 'gmail', pushId: 'p' + k++, mailbox: 'u1@x.org', resource: null, problem: null }, NOW + k), 100)
await t('claim+finish', async () => { const [x] = await store.claimDue({ now: NOW + 1e6, leaseMs: 1e4, limit: 1, lanes: ['live'], accountId: accounts[1].accountId }); if (x) await store.finish(x, { ok: true, again: { at: NOW } }, NOW) }, 20)
const feed = createFeedReader(pool), reader = createMessageReader(pool)
await t('heads', () => feed.heads(['u0', 'u1']), 50)
const head = (await feed.heads(['u0'])).get('u0')!
await t('follow at head', () => feed.follow('u0', head, 500), 50)
await t('follow 20 behind', () => feed.follow('u0', head - 20, 500), 50)
await t('follow 500 from 0', () => feed.follow('u0', 0, 500), 20)
const p1 = await t('fill start 500', () => feed.fill('u0', 'start', 500), 10)
await t('fill next 500', () => feed.fill('u0', p1.next, 500), 10)
await t('threadsPage 50', () => reader.threadsPage('u0', { limit: 50 }), 20)
await t('threadsPage 50 account', () => reader.threadsPage('u0', { limit: 50, accountId: c.accountId }), 20)
const { rows } = await pool.query('SELECT provider_id, id FROM label WHERE user_id = $1', ['u0'])
for (const l of rows) await t('threadsPage 50 label ' + l.provider_id, () => reader.threadsPage('u0', { limit: 50, labelId: l.id }), 20)
for (const q of [words[7]!, 'subject', words[7] + ' ' + words[100], 'w1', 'zzzz']) { const r = await t('search ' + q, () => reader.search('u0', { q, limit: 50 }), 10); console.log('  found', r.changes.length) }
await t('storedCount', () => store.storedCount(c.accountId), 10)
await t('storedVersions 500', () => store.storedVersions(c.accountId, Array.from({ length: 500 }, (_, i) => 'm' + i)), 10)
await t('storedVersions 500 label', () => store.storedVersions(c.accountId, Array.from({ length: 500 }, (_, i) => 'm' + i), 'INBOX'), 10)
const mid = (await pool.query(`SELECT id FROM message WHERE user_id='u0' LIMIT 1`)).rows[0].id
await t('readBody', () => reader.readBody('u0', mid), 20)
const plans = await asUser(pool, 'u0', async tx => (await tx.query(`EXPLAIN (ANALYZE, BUFFERS OFF) SELECT id FROM thread WHERE user_id='u0' AND label_ids @> ARRAY['${rows.find((r: any) => r.provider_id === 'RARE').id}'] ORDER BY last_message_at DESC, id DESC LIMIT 50`)).rows)
console.log(plans.map((r: any) => r['QUERY PLAN']).join('\n'))
await t('deleteAccount 30k', () => store.deleteAccount(accounts[3].accountId, NOW))
await pool.end(); await server.stop()
