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
const N = 5000
import pgm from 'pg'
const acc = new Map<string,{n:number,ms:number}>()
const orig = pgm.Client.prototype.query
;(pgm.Client.prototype as any).query = function (...a: any[]) { const s = performance.now(); const r = (orig as any).apply(this, a); const key = String(a[0]?.text ?? a[0]).trim().slice(0, 60).replace(/\s+/g,' '); const done = () => { const e = acc.get(key) ?? { n: 0, ms: 0 }; e.n++; e.ms += performance.now() - s; acc.set(key, e) }; r?.then?.(done, done); return r }
const report = () => { for (const [k, v] of [...acc].sort((a, b) => b[1].ms - a[1].ms).slice(0, 16)) console.log('   ', v.ms.toFixed(0).padStart(6), v.n, (v.ms / v.n).toFixed(2), k); acc.clear() }
for (const c of accounts) {
  await commit(c, { labels })
  const s = performance.now()
  for (let i = 0; i < N; i += 500) await commit(c, { upserts: Array.from({ length: 500 }, (_, k) => msg('m' + (i + k), i + k)) })
  console.log('backfill', N, 'in 500s', (performance.now() - s).toFixed(0), 'ms', (N / (performance.now() - s) * 1000).toFixed(0), 'rows/s')
}
report()
const pre = accounts[0]; const up = Array.from({ length: 500 }, (_, k) => msg('q' + k, k + 90000))
let s1 = performance.now(); await commit(pre, {upserts: up}); console.log('one 500', performance.now()-s1); report()
const s0 = performance.now()
const { drainSearchQueue } = await import('./src/search-index.ts')
const indexed = await drainSearchQueue(pool, 'u0'); console.log('indexed', indexed, (performance.now() - s0).toFixed(0), 'ms'); report()
const { cleanBatch } = await import('./src/clean-batch.ts')
let s2 = performance.now(); cleanBatch({upserts: up, labels: null, failures: [], patches: []} as any); console.log('clean', performance.now()-s2)
await pool.end(); await server.stop()
