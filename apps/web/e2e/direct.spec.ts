import { expect, test } from '@playwright/test'
import { type OtherServer, otherServer } from './other-server.ts'
import { product } from './product.ts'
import { pushAuthorization } from './push-token.ts'

/** The routes that our own server answers without Next, beside the same routes as Next alone answers them. */
const STREAM = '/api/sse/email-updates'
const PUSH = '/api/webhooks/gmail'
const GRAPH = '/api/webhooks/graph'
let next: OtherServer

test.beforeAll(async () => {
  next = await otherServer('next')
})
test.afterAll(async () => {
  await next?.stop()
})

let people = 0
/** A person of the test's own, at an address of their own: limits are counted by user, and signing up by address. */
async function somebody(): Promise<{ cookie: string }> {
  people++
  const answer = await fetch(`${product().baseUrl}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      origin: product().baseUrl,
      'x-forwarded-for': `198.51.100.${100 + people}`,
    },
    body: JSON.stringify({
      email: `direct-${process.pid}-${Date.now()}-${people}@example.com`,
      password: 'correct horse battery',
      name: 'Direct',
    }),
  })
  expect(answer.status).toBe(200)
  const cookies = answer.headers.getSetCookie().map(each => each.split(';')[0])
  return { cookie: cookies.join('; ') }
}

/** How the bytes travel, when, and what Next adds for its router: not part of an answer. */
const transport = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding', 'vary']

type Asked = { path: string; init?: RequestInit }

async function answerOf(origin: string, { path, init }: Asked) {
  // Only Next compresses, and small answers are not worth it.
  const asking = { 'accept-encoding': 'identity', ...init?.headers }
  const answer = await fetch(origin + path, { ...init, headers: asking, redirect: 'manual' })
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !transport.includes(name)))
  const streams = answer.status === 200 && headers['content-type']?.startsWith('text/event-stream')
  const body = streams && answer.body ? await beginning(answer.body) : await answer.text()
  // How long to wait depends on the moment.
  if (headers['retry-after']) headers['retry-after'] = 'some'
  return { status: answer.status, headers, body: body.replace(/"retryAfter":\d+/, '"retryAfter":"some"') }
}

/** The first two frames, without what chance decides in them. */
async function beginning(body: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    if (text.split('\n\n').length > 2) break
  }
  return text
    .split('\n\n')
    .slice(0, 2)
    .join('\n\n')
    .replace(/^retry: \d+/, 'retry: some')
    .replace(/"lifetimeMs":\d+/, '"lifetimeMs":"some"')
}

async function same(asked: Asked) {
  const [ours, theirs] = [await answerOf(product().baseUrl, asked), await answerOf(next.url, asked)]
  expect(ours, `${asked.init?.method ?? 'GET'} ${asked.path}`).toEqual(theirs)
  return ours
}

test('the stream: without a session, with one, and with cursors that are none', async () => {
  const headers = await somebody()
  const stream = (query: string, more = {}) =>
    same({ path: STREAM + query, init: { headers: { ...headers, ...more } } })

  expect((await same({ path: STREAM })).status).toBe(401)
  const forged = { cookie: headers.cookie.replace(/token=\w+/, 'token=somebodyelse') }
  expect((await same({ path: STREAM, init: { headers: forged } })).status).toBe(401)

  const open = await stream('')
  expect(open).toMatchObject({
    status: 200,
    headers: { 'x-accel-buffering': 'no', 'x-frame-options': 'DENY' },
  })
  expect(open.body).toMatch(/^retry: some\n: open\n\nevent: hello\ndata: \{"head":0,/)
  expect((await stream('?after=0')).status).toBe(200)
  expect((await stream('?after=x', { 'last-event-id': '0' })).status).toBe(400)
  for (const query of [
    '?after=-1',
    '?after=1.5',
    '?after=99999999999999999999',
    '?after=0&after=0',
    '?since=0',
  ])
    expect((await stream(query)).status, query).toBe(400)
  expect((await stream('', { 'last-event-id': '0' })).status).toBe(200)
  expect((await stream('', { 'last-event-id': 'seven' })).status).toBe(400)
})

test('a user who asks too much is slowed down', async () => {
  const headers = await somebody()
  const untilRefused = async (origin: string) => {
    for (let statuses: number[] = []; !statuses.includes(429); )
      statuses = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const answer = await fetch(`${origin}/api/search?q=`, { headers })
          await answer.text()
          return answer.status
        }),
      )
  }
  // The first once more: on a slow machine its refusal may be over by the time the other has come to its own.
  for (const origin of [product().baseUrl, next.url, product().baseUrl]) await untilRefused(origin)
  const refused = await same({ path: STREAM, init: { headers } })
  expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': 'some' } })
})

test('other methods on these paths', async () => {
  const headers = await somebody()
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    expect((await same({ path: STREAM, init: { method, headers } })).status).toBe(405)
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
    for (const path of [PUSH, GRAPH]) expect((await same({ path, init: { method } })).status).toBe(405)
  for (const path of [STREAM, PUSH, GRAPH])
    expect((await same({ path, init: { method: 'OPTIONS' } })).status).toBe(204)
  expect(await same({ path: STREAM, init: { method: 'HEAD', headers } })).toMatchObject({
    status: 200,
    body: '',
  })
  expect((await same({ path: `${STREAM}/` })).status).toBe(308)
})

test('pushes: not Pub/Sub’s, too large, acknowledged, and too many', async () => {
  const push = (body: string | ReadableStream, more: Record<string, string> = {}) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': '198.51.100.7', ...more }
    return same({ path: PUSH, init: { method: 'POST', headers, body, duplex: 'half' } as RequestInit })
  }
  expect((await push('{}')).body).toContain('push_rejected')
  expect((await push('{}', { authorization: 'Bearer a.b.c' })).status).toBe(401)
  expect((await push('{}', { authorization: 'Basic YTpi' })).status).toBe(401)
  expect((await push('x'.repeat(64 * 1024 + 1))).status).toBe(413)

  const authorization = await pushAuthorization()
  expect((await push('not JSON', { authorization })).status).toBe(204)
  expect((await push('', { authorization })).status).toBe(204)
  expect((await push(pushOf('nobody@inlet.test'), { authorization })).status).toBe(204)
  expect((await push(pushOf('demo@inlet.test'), { authorization })).status).toBe(204)
  expect((await push(pushOf('nobody@inlet.test').padEnd(64 * 1024), { authorization })).status).toBe(204)

  const refusals: number[] = []
  for (let i = 0; i < 110; i++) refusals.push((await push('{}')).status)
  expect(refusals.lastIndexOf(401) + 1).toBe(refusals.indexOf(429))
})

test('notifications of Graph: its question, what nobody here has asked for, too large, and too many', async () => {
  const notify = (query: string, body: string) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': '198.51.100.9' }
    return same({ path: GRAPH + query, init: { method: 'POST', headers, body } })
  }
  const token = 'Validation: <b>1</b> +%41/='
  const question = await notify(`?validationToken=${encodeURIComponent(token)}`, '')
  expect(question).toMatchObject({
    status: 200,
    body: token,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
  expect((await notify(`?validationToken=${'x'.repeat(4_097)}`, '')).status).toBe(400)
  const stranger = JSON.stringify({ value: [{ subscriptionId: 'nobody’s', clientState: 'a guess' }] })
  for (const body of ['not JSON', '', '{"value":[]}', stranger])
    expect((await notify('', body)).status, body).toBe(202)
  expect((await notify('', 'x'.repeat(1024 * 1024 + 1))).status).toBe(413)
  const statuses: number[] = []
  for (let i = 0; i < 110; i++) statuses.push((await notify('', stranger)).status)
  expect(statuses.lastIndexOf(202) + 1).toBe(statuses.indexOf(429))
})

let pushes = 0
function pushOf(emailAddress: string): string {
  const data = Buffer.from(JSON.stringify({ emailAddress, historyId: 1 })).toString('base64')
  return JSON.stringify({ message: { data, messageId: `direct-${process.pid}-${pushes++}` } })
}

test('a body without a length that goes on beyond the limit is refused', async () => {
  for (const origin of [product().baseUrl, next.url]) {
    const pieces = new ReadableStream({
      pull: controller => controller.enqueue(new Uint8Array(16 * 1024)),
    })
    const init = {
      method: 'POST',
      body: pieces,
      duplex: 'half',
      headers: { 'x-forwarded-for': '198.51.100.8' },
    }
    const answer = await fetch(origin + PUSH, init as RequestInit)
    expect(answer.status).toBe(413)
    await answer.text()
  }
})

test('one process has one hub: what our server opens, Next’s routes see', async () => {
  const figures = async () => {
    const headers = { authorization: `Bearer ${product().cronSecret}` }
    const answer = await fetch(`${product().baseUrl}/api/metrics`, { headers })
    return (await answer.json()) as { hub: { opened: number; connections: number } }
  }
  const before = await figures()
  const leave = new AbortController()
  const headers = await somebody()
  const answer = await fetch(product().baseUrl + STREAM, { headers, signal: leave.signal })
  expect(answer.status).toBe(200)
  const { hub } = await figures()
  expect(hub.opened).toBeGreaterThan(before.hub.opened)
  expect(hub.connections).toBeGreaterThan(0)
  leave.abort()
})

test('a server that is asked to end tells its streams to reconnect, and ends', async () => {
  const ours = await otherServer('ours')
  const answer = await fetch(ours.url + STREAM, { headers: await somebody() })
  const text = answer.text()
  expect(await ours.stop()).toEqual({ code: 0, signal: null })
  expect(await text).toMatch(/\n\nevent: reconnect\ndata: \{"afterMs":\d+\}\n\n$/)
  await expect(fetch(`${ours.url}/api/health`)).rejects.toThrow()
})
