import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

/**
 * The shortest way from a webhook to a page that is still durable: POST → INSERT and commit → NOTIFY → SSE write →
 * DOM. No verification, no provider to ask, no session, no mirror, nothing to be caught up. Nobody who stores before
 * telling is faster.
 *
 * With `ask`, each POST also makes the two calls to the provider that a Gmail push stands for, since it brings no mail:
 * history after a cursor, then the message.
 */
export type ChainOrder = {
  databaseUrl: string
  ask: { url: string; token: string; historyId: string } | null
}
export type ChainTold = { port: number }

const PAGE = `<!doctype html><meta charset="utf-8"><title>bare chain</title><ul id="list"></ul><script>
const list = document.getElementById('list')
new EventSource('/stream').onmessage = event => {
  const row = document.createElement('li')
  row.textContent = JSON.parse(event.data).subject
  list.prepend(row)
}
</script>`

async function serve({ databaseUrl, ask }: ChainOrder): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  await pool.query(
    'CREATE TABLE IF NOT EXISTS bare_mail (n bigserial PRIMARY KEY, subject text NOT NULL, body text NOT NULL)',
  )
  const streams = new Set<ServerResponse>()
  const listener = new pg.Client({ connectionString: databaseUrl })
  await listener.connect()
  await listener.query('LISTEN bare_mail')
  listener.on('notification', ({ payload }) => {
    for (const stream of streams) stream.write(`data: ${payload}\n\n`)
  })
  let historyId = ask?.historyId ?? '1'

  const store = async (subject: string, body: string) => {
    const inserted = await pool.query<{ n: string }>(
      'INSERT INTO bare_mail (subject, body) VALUES ($1, $2) RETURNING n',
      [subject, body],
    )
    await pool.query(`SELECT pg_notify('bare_mail', $1)`, [
      JSON.stringify({ n: inserted.rows[0]?.n, subject }),
    ])
  }
  const fetchNew = async () => {
    const get = async (path: string) => {
      const answer = await fetch(`${ask?.url}/gmail/v1/users/me/${path}`, {
        headers: { authorization: `Bearer ${ask?.token}` },
      })
      return (await answer.json()) as Record<string, unknown>
    }
    const history = (await get(`history?startHistoryId=${historyId}&historyTypes=messageAdded`)) as {
      historyId: string
      history?: { messagesAdded?: { message: { id: string } }[] }[]
    }
    historyId = history.historyId
    const ids = new Set(
      (history.history ?? []).flatMap(each => (each.messagesAdded ?? []).map(({ message }) => message.id)),
    )
    for (const id of ids) {
      const message = (await get(`messages/${id}?format=full`)) as {
        payload: { headers: { name: string; value: string }[] }
      }
      const subject =
        message.payload.headers.find(({ name }) => name.toLowerCase() === 'subject')?.value ?? ''
      await store(subject, JSON.stringify(message))
    }
  }
  // One after the other: two at once would fetch the same history.
  let fetching: Promise<void> = Promise.resolve()

  const server = createServer((request, response) => {
    if (request.url === '/stream') {
      response
        .writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
        .write(': open\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return
    }
    if (request.method !== 'POST')
      return void response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
    let body = ''
    request.setEncoding('utf8')
    request.on('data', text => {
      body += text
    })
    request.on('end', () => {
      if (ask) {
        fetching = fetching.then(fetchNew).catch(error => console.error(String(error)))
        response.writeHead(204).end()
      } else
        store((JSON.parse(body) as { subject: string }).subject, body).then(
          () => response.writeHead(204).end(),
          error => response.writeHead(500).end(String(error)),
        )
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

process.on('disconnect', () => process.exit(0))
process.on('message', (order: ChainOrder) => {
  void serve(order).then(port => process.send?.({ port } satisfies ChainTold))
})
