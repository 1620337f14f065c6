import { RetryHandlerOptions } from '@microsoft/microsoft-graph-client'
import type { Message } from '@microsoft/microsoft-graph-types'
import { expect, test } from 'vitest'
import { control, until } from '../helpers.ts'
import {
  arrive,
  failureOf,
  graphFor,
  IMMUTABLE,
  letter,
  messages,
  OLGA,
  outlookForTest,
  PAUL,
  page,
  round,
  subjects,
} from './helpers.ts'

const INBOX = '/me/mailFolders/inbox/messages/delta'

test("statuses come in Graph's form, with Retry-After and the codes of each", async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  for (const [status, code] of [
    [429, 'ApplicationThrottled'],
    [500, 'InternalServerError'],
    [503, 'ServiceUnavailable'],
    [504, 'GatewayTimeout'],
  ] as const) {
    await control(sandbox, 'faults', { kind: 'status', status, retryAfter: 5, count: 1 })
    expect(await failureOf(client.api('/me/messages').get())).toMatchObject({ status, code, retryAfter: '5' })
  }
  await control(sandbox, 'faults', {
    kind: 'status',
    status: 404,
    reason: 'MailboxNotEnabledForRESTAPI',
    match: { account: OLGA },
  })
  expect(await failureOf(client.api('/me/messages').get())).toMatchObject({
    status: 404,
    code: 'MailboxNotEnabledForRESTAPI',
  })
  await graphFor(sandbox, { email: PAUL }).api('/me/messages').get()
})

test('one spelling of the path is enough for a fault, in a batch too', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  await control(sandbox, 'faults', {
    kind: 'status',
    status: 500,
    match: { path: '/v1.0/me/mailFolders/inbox/messages' },
  })
  for (const path of ['/me/mailFolders/inbox/messages', "/me/mailfolders('inbox')/messages"]) {
    expect(await failureOf(client.api(path).get())).toMatchObject({ status: 500 })
  }
  const answer = (await client
    .api('/$batch')
    .post({ requests: [{ id: '1', method: 'GET', url: '/me/mailFolders/inbox/messages' }] })) as {
    responses: { status: number }[]
  }
  expect(answer.responses[0]?.status).toBe(500)
})

test('an answer lost after a send: the mail has gone out, and the client does not know', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  await control(sandbox, 'faults', { kind: 'lost', count: 1, match: { path: '/v1.0/me/sendMail' } })
  const failure = await client
    .api('/me/sendMail')
    .post({ message: letter(PAUL, 'Lost') })
    .catch((error: unknown) => error)
  expect(failure).toMatchObject({ statusCode: -1 })
  expect(subjects(await messages(graphFor(sandbox, { email: PAUL })))).toEqual(['Lost'])
})

test("the client's own retry repeats a POST: a 504 after the effect sends twice unless it is turned off", async () => {
  const sandbox = await outlookForTest()
  const fault = { kind: 'lost', status: 504, retryAfter: 0, count: 1, match: { path: '/v1.0/me/sendMail' } }
  const paul = graphFor(sandbox, { email: PAUL })
  await control(sandbox, 'faults', fault)
  const careful = graphFor(sandbox)
    .api('/me/sendMail')
    .post({ message: letter(PAUL, 'Once') })
  expect(await failureOf(careful)).toMatchObject({ status: 504, code: 'GatewayTimeout' })
  expect(subjects(await messages(paul))).toEqual(['Once'])
  await control(sandbox, 'faults', fault)
  const hasty = graphFor(sandbox, { retry: new RetryHandlerOptions(0, 1) })
  await hasty.api('/me/sendMail').post({ message: letter(PAUL, 'Twice') })
  expect(subjects(await messages(paul)).sort()).toEqual(['Once', 'Twice', 'Twice'])
})

test('a cut connection, a slow answer and half an answer', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  for (const kind of ['reset', 'truncate']) {
    await control(sandbox, 'faults', { kind, count: 1 })
    await expect(client.api('/me/messages').get()).rejects.toBeDefined()
  }
  await control(sandbox, 'faults', { kind: 'slow', ms: 60, count: 1 })
  await client.api('/me/messages').get()
})

test('a delta page can be empty with a nextLink, show its items twice, or find its link dead', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const id = arrive(sandbox, 'One')
  await control(sandbox, 'faults', { kind: 'delta.empty-page', count: 1 })
  const empty = await page(client, INBOX)
  expect(empty.value).toEqual([])
  await control(sandbox, 'faults', { kind: 'delta.repeat', count: 1 })
  const { entries, deltaLink } = await round(client, empty['@odata.nextLink'] ?? '')
  expect(entries.map(entry => entry.id)).toEqual([id, id])
  await control(sandbox, 'faults', { kind: 'delta.gone', count: 1 })
  expect(await failureOf(page(client, deltaLink))).toMatchObject({
    status: 410,
    code: 'syncStateNotFound',
    location: expect.stringContaining('$deltatoken='),
  })
  await control(sandbox, 'faults', { kind: 'delta.gone', count: 1, status: 400, reason: 'resyncRequired' })
  expect(await failureOf(page(client, deltaLink))).toMatchObject({ status: 400, code: 'resyncRequired' })
  expect((await round(client, deltaLink)).entries).toEqual([])
})

test('a message that comes back can be missed by the delta with immutable ids', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  const id = arrive(sandbox, 'One')
  const first = await round(client, INBOX)
  await client.api(`/me/messages/${id}/move`).post({ destinationId: 'archive' })
  const second = await round(client, first.deltaLink)
  expect(second.entries).toMatchObject([{ id, '@removed': { reason: 'deleted' } }])
  await control(sandbox, 'faults', { kind: 'delta.miss-return', count: 1 })
  await client.api(`/me/messages/${id}/move`).post({ destinationId: 'inbox' })
  expect((await round(client, second.deltaLink)).entries).toEqual([])
  expect(subjects(await messages(client))).toEqual(['One'])
})

test('sent mail may stay in the Outbox for a while, and its id finds it all the time', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox, { prefer: IMMUTABLE })
  await control(sandbox, 'faults', { kind: 'send.lag', ms: 150, count: 1 })
  const draft = (await client.api('/me/messages').post(letter(PAUL, 'Slowly'))) as Message
  await client.api(`/me/messages/${draft.id}/send`).post({})
  expect(subjects(await messages(client, '/me/mailFolders/outbox/messages'))).toEqual(['Slowly'])
  expect(await messages(client, '/me/mailFolders/sentitems/messages')).toEqual([])
  const box = sandbox.control.microsoft.mailbox(OLGA)
  await until('the message to be sent', () => box.inFolder('sentitems').length === 1)
  expect(((await client.api(`/me/messages/${draft.id}`).get()) as Message).isDraft).toBe(false)
  expect(subjects(await messages(graphFor(sandbox, { email: PAUL })))).toEqual(['Slowly'])
})
