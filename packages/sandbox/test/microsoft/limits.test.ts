import { BatchRequestContent, BatchResponseContent, type Client } from '@microsoft/microsoft-graph-client'
import { expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox.ts'
import { control, until } from '../helpers.ts'
import { arrive, failureOf, graphFor, IMMUTABLE, OLGA, outlookForTest, PAUL } from './helpers.ts'

interface BatchAnswer {
  id: string
  status: number
  headers: Record<string, string>
  body: { id?: string; subject?: string; error?: { code: string } } & Record<string, unknown>
}

async function batch(client: Client, requests: object[]): Promise<BatchAnswer[]> {
  const answer = (await client.api('/$batch').post({ requests })) as { responses: BatchAnswer[] }
  return answer.responses
}

const get = (id: string, url: string, more: object = {}): object => ({ id, method: 'GET', url, ...more })

/** Requests that stay under way until the faults are taken away. */
async function occupy(sandbox: Sandbox, client: Client, count: number): Promise<Promise<unknown>[]> {
  sandbox.control.addFault({
    kind: 'delay',
    ms: 60_000,
    count,
    match: { path: '/v1.0/me/mailFolders/archive' },
  })
  const held = Array.from({ length: count }, () =>
    client
      .api('/me/mailFolders/archive')
      .get()
      .catch(() => undefined),
  )
  await until(`${count} requests under way`, () => sandbox.control.faults()[0]?.struck === count)
  return held
}

test('a batch is answered one by one, in whatever order, each with its own status', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const id = arrive(sandbox, 'One')
  const answers = await batch(client, [
    get('a', `/me/messages/${id}?$select=subject`, { headers: { Prefer: IMMUTABLE } }),
    get('b', '/me/messages/nonsense'),
    {
      id: 'c',
      method: 'PATCH',
      url: `/me/messages/${id}`,
      headers: { 'Content-Type': 'application/json' },
      body: { isRead: true },
    },
    get('d', '/me/nothing'),
    { id: 'e', method: 'DELETE', url: `/me/messages/${id}`, dependsOn: ['c'] },
    get('f', `/me/messages`, { dependsOn: ['b'] }),
    get('g', `/me/messages/${id}/$value`),
  ])
  expect(answers.map(answer => answer.id)).not.toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
  const by = Object.fromEntries(answers.map(answer => [answer.id, answer]))
  expect(Object.fromEntries(answers.map(answer => [answer.id, answer.status]))).toEqual({
    a: 200,
    b: 400,
    c: 200,
    d: 400,
    e: 204,
    f: 424,
    g: 200,
  })
  expect(by.a?.body).toMatchObject({ id, subject: 'One' })
  // Prefer is each request's own: without it the usual id is answered.
  expect(by.c?.body.id).not.toBe(id)
  expect(by.e).not.toHaveProperty('body')
  expect(by.f?.body.error?.code).toBe('FailedDependency')
  expect(Buffer.from(String(by.g?.body), 'base64').toString()).toContain('Subject: One')
})

test("the client's own batch helpers work", async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const ids = ['One', 'Two'].map(subject => arrive(sandbox, subject))
  const content = new BatchRequestContent(
    ids.map(id => ({ id, request: new Request(`https://graph.microsoft.com/v1.0/me/messages/${id}`) })),
  )
  const payload = await content.getContent()
  const requests = payload.requests.map(request => ({ ...request, url: request.url.replace('/v1.0', '') }))
  const response = new BatchResponseContent(
    (await client.api('/$batch').post({ requests })) as ConstructorParameters<typeof BatchResponseContent>[0],
  )
  const subjects = await Promise.all(
    ids.map(async id => ((await response.getResponseById(id).json()) as { subject: string }).subject),
  )
  expect(subjects).toEqual(['One', 'Two'])
})

test('a batch takes 20 requests with ids of their own and relative addresses', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const many = (count: number): object[] =>
    Array.from({ length: count }, (_, i) => get(String(i), '/me/mailFolders/inbox'))
  expect((await batch(client, many(20))).every(answer => answer.status === 200)).toBe(true)
  for (const bad of [
    many(21),
    [get('a', '/me'), get('a', '/me')],
    [get('a', 'https://graph.microsoft.com/v1.0/me')],
    [get('a', '/me', { dependsOn: ['z'] })],
    [{ id: 'a', method: 'POST', url: '/me/messages', body: {} }],
  ]) {
    expect(await failureOf(batch(client, bad))).toMatchObject({ status: 400 })
  }
})

test('at most four requests at once on a mailbox; the fifth is 429 with Retry-After', async () => {
  const sandbox = await outlookForTest({ limits: { enabled: true, serviceMs: 0, retryAfterSeconds: 3 } })
  const client = graphFor(sandbox)
  await occupy(sandbox, client, 4)
  expect(await failureOf(client.api('/me/messages').get())).toMatchObject({
    status: 429,
    code: 'ApplicationThrottled',
    message: expect.stringContaining('MailboxConcurrency'),
    retryAfter: '3',
  })
  // Other mailboxes, the profile and subscriptions are not concerned.
  await graphFor(sandbox, { email: PAUL }).api('/me/messages').get()
  await client.api('/me').get()
  await client.api('/subscriptions').get()
})

test('requests of a batch count too: what finds no place is 429 inside, the outer answer is 200', async () => {
  const sandbox = await outlookForTest({ limits: { enabled: true, serviceMs: 0 } })
  const client = graphFor(sandbox)
  await occupy(sandbox, client, 4)
  const [answer] = await batch(client, [get('a', '/me/messages')])
  expect(answer).toMatchObject({ status: 429, body: { error: { code: 'ApplicationThrottled' } } })
  expect(answer?.headers['Retry-After']).toBe('1')
})

test('a batch alone fits: it is worked off four at a time', async () => {
  const sandbox = await outlookForTest({ limits: { enabled: true, serviceMs: 2 } })
  const requests = Array.from({ length: 20 }, (_, i) => get(String(i), '/me/mailFolders/inbox'))
  expect((await batch(graphFor(sandbox), requests)).map(answer => answer.status)).toEqual(Array(20).fill(200))
})

test('twenty requests at once meet the limit, since each takes a while', async () => {
  const sandbox = await outlookForTest({ limits: { enabled: true, serviceMs: 1000 } })
  const client = graphFor(sandbox)
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => client.api('/me/messages').get()))
  const good = results.filter(result => result.status === 'fulfilled').length
  expect(good).toBeGreaterThanOrEqual(4)
  expect(good).toBeLessThan(20)
  await client.api('/me/messages').get()
})

test('10,000 requests in ten minutes, each request of a batch among them; the window then opens again', async () => {
  const sandbox = await outlookForTest({ limits: { enabled: true, serviceMs: 0, requests: 5 } })
  const client = graphFor(sandbox)
  await batch(client, [get('a', '/me/messages'), get('b', '/me/messages'), get('c', '/me/messages')])
  await client.api('/me/messages').get()
  await client.api('/me/messages').get()
  const refused = await failureOf(client.api('/me/messages').get())
  expect(refused).toMatchObject({ status: 429, code: 'ApplicationThrottled' })
  expect(Number(refused.retryAfter)).toBeGreaterThan(590)
  sandbox.control.advanceClock(10 * 60_000)
  await client.api('/me/messages').get()
})

test('limits are off unless asked for, and can be switched at any time', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  await Promise.all(Array.from({ length: 30 }, () => client.api('/me/messages').get()))
  expect(
    (await control(sandbox, 'microsoft/limits', { enabled: true, requests: 1, serviceMs: 0 })).status,
  ).toBe(200)
  await client.api('/me/messages').get()
  expect(await failureOf(client.api('/me/messages').get())).toMatchObject({ status: 429 })
  await control(sandbox, 'microsoft/limits', { enabled: false })
  await client.api('/me/messages').get()
  const state = sandbox.control.microsoft.state() as {
    limits: { refused: number }
    accounts: { email: string }[]
  }
  expect(state.limits.refused).toBe(1)
  expect(state.accounts[0]?.email).toBe(OLGA)
})
