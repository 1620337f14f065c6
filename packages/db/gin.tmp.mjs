import { startPostgres } from '@inlet/testkit/postgres'
import { migrate } from './src/migrate.ts'
import pg from 'pg'
const server = await startPostgres(migrate); const db = await server.createDatabase()
const c = new pg.Client({ connectionString: db.url }); await c.connect()
await c.query(`CREATE TABLE src AS SELECT u, i, (SELECT string_agg('w' || ((i*31 + k*k*17 + u) % 5000)::text, ' ') FROM generate_series(1,400) k) AS t FROM generate_series(1,4) u, generate_series(1,5000) i`)
await c.query(`INSERT INTO message SELECT 'u'||u, 'm'||i, 'a', 't', 'p', 't', 1, '', '', '', '[]','[]','[]','[]','', i, i, false,false,false,'{}',0,0,null,null,'[]',0,i FROM src; ANALYZE message`)
for (const fast of ['on', 'off']) {
  await c.query(`TRUNCATE message_search; ALTER INDEX message_search_user_id_vector_idx SET (fastupdate=${fast})`)
  const s = performance.now()
  for (let u = 1; u <= 4; u++) for (let i = 0; i < 5000; i += 100) await c.query(`INSERT INTO message_search SELECT 'u'||u, 'm'||i, 'a', to_tsvector('simple', t) FROM src WHERE u=$1 AND i > $2 AND i <= $2 + 100`, [u, i])
  console.log(fast, ((performance.now() - s) / 20000).toFixed(3), 'ms/message', (await c.query(`SELECT pg_size_pretty(pg_relation_size('message_search_user_id_vector_idx')) s`)).rows[0].s)
  await c.query('ANALYZE message_search')
  for (const q of ["'w16':*", "'w17'", "'w100' & 'w207':*"]) {
    const r = (await c.query(`EXPLAIN (ANALYZE, BUFFERS OFF) SELECT m.id FROM message_search s JOIN message m ON m.user_id = s.user_id AND m.id = s.id WHERE s.user_id = 'u1' AND s.vector @@ $1::tsquery ORDER BY m.received_at DESC, m.id DESC LIMIT 50`, [q])).rows.map(r => r['QUERY PLAN'])
    console.log(q, r.filter(l => /Scan|Execution|Index Cond/.test(l)).join('\n'))
  }
}
await c.query(`TRUNCATE message_search; DROP INDEX message_search_user_id_vector_idx`)
const s = performance.now()
for (let u = 1; u <= 4; u++) for (let i = 0; i < 5000; i += 100) await c.query(`INSERT INTO message_search SELECT 'u'||u, 'm'||i, 'a', to_tsvector('simple', t) FROM src WHERE u=$1 AND i > $2 AND i <= $2 + 100`, [u, i])
console.log('no index', ((performance.now() - s) / 20000).toFixed(3), 'ms/message')
await c.end(); await server.stop()
