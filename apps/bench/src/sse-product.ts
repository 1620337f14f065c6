import { createHmac, randomBytes } from 'node:crypto'
import { encodeRings } from '@inlet/realtime/ring-codec'
import pg from 'pg'
import type { Context } from './bench.ts'
import { pidOf, startProduct } from './product.ts'

/** The most that the product's settings allow. */
export const STREAMS_PER_USER = 100

export type StreamServer = {
  port: number
  pid: number
  /** The bytes of the request that opens stream number `n`. */
  request(n: number): string
  /** Makes a change that carries the text known to every reader. Resolves with the moment it was rung, ns. */
  broadcast(text: string): Promise<bigint>
  stop(): Promise<void>
}

/** The product as shipped, with signed-in users made in its database: so many streams each. */
export async function productStreams(context: Context, streams: number): Promise<StreamServer> {
  const product = await startProduct(context, {
    messages: 0,
    env: { INLET_STREAMS_PER_USER: String(STREAMS_PER_USER) },
  })
  const users = Math.ceil(streams / STREAMS_PER_USER)
  const client = new pg.Client({ connectionString: product.databaseUrl })
  // The product may end before us; whoever asks next learns of it.
  client.on('error', () => {})
  await client.connect()
  const cookies = await signIn(client, users, product.secrets.betterAuthSecret)
  const { port } = new URL(product.baseUrl)
  let head = 1
  const stop = async () => {
    await client.end()
    await product.stop()
  }
  return {
    port: Number(port),
    pid: pidOf(product, 'web'),
    request: n =>
      [
        'GET /api/sse/email-updates?after=1 HTTP/1.1',
        `host: 127.0.0.1:${port}`,
        'accept: text/event-stream',
        `cookie: ${cookies[Math.floor(n / STREAMS_PER_USER)]}`,
        '\r\n',
      ].join('\r\n'),
    async broadcast(text) {
      head++
      await client.query('BEGIN')
      await client.query(`UPDATE label SET name = $1, seq = $2 WHERE user_id LIKE 'bench-%'`, [text, head])
      await client.query(`UPDATE feed SET head = $1 WHERE user_id LIKE 'bench-%'`, [head])
      await client.query('COMMIT')
      const rings = Array.from({ length: users }, (_, i) => ({
        type: 'feed' as const,
        userId: userId(i),
        head,
      }))
      const rungAtNs = process.hrtime.bigint()
      await client.query(`SELECT pg_notify('inlet', message) FROM unnest($1::text[]) message`, [
        encodeRings(rings),
      ])
      return rungAtNs
    },
    stop,
  }
}

const userId = (i: number) => `bench-${i}`

/** Users with a session and a feed of one label each; answers their cookies, signed as the server signs them. */
async function signIn(client: pg.Client, users: number, secret: string): Promise<string[]> {
  const ids = Array.from({ length: users }, (_, i) => userId(i))
  const tokens = ids.map(() => randomBytes(24).toString('base64url'))
  await client.query(
    `INSERT INTO "user" (id, name, email) SELECT id, 'Bench', id || '@example.com' FROM unnest($1::text[]) AS id`,
    [ids],
  )
  await client.query(
    `INSERT INTO session (id, user_id, token, expires_at)
     SELECT 's-' || id, id, token, now() + interval '1 day' FROM unnest($1::text[], $2::text[]) AS u (id, token)`,
    [ids, tokens],
  )
  await client.query(`INSERT INTO feed (user_id, head) SELECT unnest($1::text[]), 1`, [ids])
  await client.query(
    `INSERT INTO label (user_id, id, account_id, provider_id, name, hidden, seq)
     SELECT id, 'l-' || id, 'a-' || id, 'l', 'first', false, 1 FROM unnest($1::text[]) AS id`,
    [ids],
  )
  return tokens.map(token => {
    const signature = createHmac('sha256', secret).update(token).digest('base64')
    return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`
  })
}
