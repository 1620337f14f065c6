import { ResponseType } from '@microsoft/microsoft-graph-client'
import type { Subscription } from '@microsoft/microsoft-graph-types'
import { expect, test } from 'vitest'
import { control, until } from '../helpers.ts'
import { arrive, failureOf, graphFor, OLGA, outlookForTest, PAUL, type Page } from './helpers.ts'
import { hookForTest, subscribe, wanted } from './hook.ts'

const MINUTE = 60_000

test('both addresses are asked before the subscription is answered 201', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const answer = (await client
    .api('/subscriptions')
    .responseType(ResponseType.RAW)
    .post(wanted(hook))) as Response
  expect(answer.status).toBe(201)
  expect(hook.validations.map(({ path, method, body }) => [path, method, body])).toEqual([
    ['/notify', 'POST', ''],
    ['/lifecycle', 'POST', ''],
  ])
  const [first, second] = hook.validations
  expect(first?.contentType).toMatch(/^text\/plain/)
  expect(first?.token).not.toBe(second?.token)
  // Whoever decodes it twice breaks it.
  expect(first?.token).toMatch(/\+%/)
  const subscription = (await answer.json()) as Subscription
  expect(subscription).toMatchObject({
    resource: "me/mailFolders('inbox')/messages",
    changeType: 'created,updated,deleted',
    clientState: 'a secret',
    notificationUrl: hook.notify,
    lifecycleNotificationUrl: hook.lifecycle,
    creatorId: sandbox.control.microsoft.mailbox(OLGA).account.userId,
    latestSupportedTlsVersion: 'v1_2',
  })
  expect(((await client.api(`/subscriptions/${subscription.id}`).get()) as Subscription).id).toBe(
    subscription.id,
  )
  expect(((await client.api('/subscriptions').get()) as Page<Subscription>).value).toHaveLength(1)
})

test('an address that answers the handshake wrongly makes no subscription', async () => {
  const sandbox = await outlookForTest({ handshakeMs: 300 })
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const plain = { status: 200, type: 'text/plain' }
  const wrong: (typeof hook.validate)[] = [
    token => ({ ...plain, body: encodeURIComponent(token) }),
    token => ({ ...plain, body: `"${token}"` }),
    token => ({ ...plain, body: decodeURIComponent(token.replaceAll('%', '%25').replaceAll('+', '%20')) }),
    token => ({ ...plain, type: 'application/json', body: token }),
    token => ({ ...plain, status: 202, body: token }),
    () => ({ status: 401, type: 'text/plain', body: '' }),
    () => null,
    (token, path) =>
      path === '/lifecycle' ? { ...plain, status: 500, body: '' } : { ...plain, body: token },
  ]
  for (const validate of wrong) {
    hook.validate = validate
    expect(await failureOf(subscribe(client, hook))).toMatchObject({ status: 400, code: 'ValidationError' })
  }
  const nobody = { notificationUrl: 'http://127.0.0.1:9/x' }
  expect(await failureOf(subscribe(client, hook, nobody))).toMatchObject({
    status: 400,
    code: 'ValidationError',
  })
  expect(((await client.api('/subscriptions').get()) as Page<Subscription>).value).toEqual([])
})

test('what a subscription may ask for', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const { userId } = sandbox.control.microsoft.mailbox(OLGA).account
  for (const resource of [
    'me/messages',
    '/me/mailfolders/archive/messages',
    `me/mailFolders('Inbox')/messages?$filter=isRead eq false`,
  ]) {
    await subscribe(client, hook, { resource })
  }
  await subscribe(client, hook, { resource: `users/${userId}/messages`, changeType: 'created' })
  const bad: [object, number][] = [
    [{ resource: 'me/contacts' }, 400],
    [{ resource: 'https://graph.microsoft.com/v1.0/me/messages' }, 400],
    [{ resource: `users/${PAUL}/messages` }, 403],
    [{ resource: 'me/mailFolders/nowhere/messages' }, 404],
    [{ changeType: 'created,moved' }, 400],
    [{ clientState: 'x'.repeat(129) }, 400],
    [{ notificationUrl: 'http://example.com/x' }, 400],
    [{ notificationUrl: undefined }, 400],
    [{ expirationDateTime: undefined }, 400],
    [{ expirationDateTime: '2001-01-01T00:00:00Z' }, 400],
    [{ includeResourceData: true }, 400],
  ]
  for (const [more, status] of bad) {
    const all = { resource: 'me/mailFolders/drafts/messages', ...more }
    expect([more, (await failureOf(subscribe(client, hook, all))).status]).toEqual([more, status])
  }
})

test('life: under 45 minutes is raised, over 10,080 refused, what is returned counts', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * MINUTE).toISOString()
  const short = await subscribe(client, hook, { expirationDateTime: inMinutes(5) })
  const left = Date.parse(short.expirationDateTime ?? '') - Date.now()
  expect(left / MINUTE).toBeGreaterThan(44)
  expect(left / MINUTE).toBeLessThan(46)
  const long = { resource: 'me/messages', expirationDateTime: inMinutes(10_085) }
  expect(await failureOf(subscribe(client, hook, long))).toMatchObject({
    status: 400,
    code: 'ExtensionError',
  })
  await subscribe(client, hook, { resource: 'me/messages', expirationDateTime: inMinutes(10_075) })
  sandbox.control.advanceClock(46 * MINUTE)
  expect(
    await failureOf(client.api(`/subscriptions/${short.id}`).patch({ expirationDateTime: inMinutes(200) })),
  ).toMatchObject({ status: 404 })
})

test('the same resource and changes twice by one application is a conflict', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const first = await subscribe(client, hook)
  expect(
    await failureOf(
      subscribe(client, hook, {
        resource: "/me/mailfolders('inbox')/messages",
        changeType: 'deleted,updated,created',
      }),
    ),
  ).toMatchObject({ status: 409 })
  await subscribe(client, hook, { changeType: 'created' })
  await subscribe(graphFor(sandbox, { email: PAUL }), hook)
  await client.api(`/subscriptions/${first.id}`).delete()
  await subscribe(client, hook)
})

test('renewal, reauthorisation, deletion; what is gone is 404', async () => {
  const sandbox = await outlookForTest()
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const { id } = await subscribe(client, hook)
  const later = new Date(Date.now() + 2 * 86_400_000)
  const renewed = (await client
    .api(`/subscriptions/${id}`)
    .patch({ expirationDateTime: later.toISOString() })) as Subscription
  expect(Date.parse(renewed.expirationDateTime ?? '')).toBe(later.getTime())
  expect(
    await failureOf(client.api(`/subscriptions/${id}`).patch({ lifecycleNotificationUrl: hook.lifecycle })),
  ).toMatchObject({ status: 400 })
  await client.api(`/subscriptions/${id}/reauthorize`).post({})
  expect(
    await failureOf(graphFor(sandbox, { email: PAUL }).api(`/subscriptions/${id}`).delete()),
  ).toMatchObject({ status: 404 })
  const gone = (await client.api(`/subscriptions/${id}`).responseType(ResponseType.RAW).delete()) as Response
  expect(gone.status).toBe(204)
  for (const call of [
    client.api(`/subscriptions/${id}`).patch({}),
    client.api(`/subscriptions/${id}`).delete(),
    client.api(`/subscriptions/${id}/reauthorize`).post({}),
  ]) {
    expect(await failureOf(call)).toMatchObject({ status: 404, code: 'ResourceNotFound' })
  }
})

test('lifecycle: reauthorizationRequired pauses unless it is answered; the pause is lost to push', async () => {
  const sandbox = await outlookForTest({ notifications: { gatherMs: 0 } })
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const { id } = await subscribe(client, hook)
  const answer = await control(sandbox, 'microsoft/lifecycle', {
    subscription: id,
    event: 'reauthorizationRequired',
    graceMs: 60_000,
  })
  expect(answer.body).toEqual({ subscriptions: 1, told: 1 })
  await until('the lifecycle notification', () => hook.lifecycles.length === 1)
  expect(hook.lifecycles[0]?.items).toEqual([
    {
      subscriptionId: id,
      subscriptionExpirationDateTime: expect.any(String),
      clientState: 'a secret',
      tenantId: expect.any(String),
      lifecycleEvent: 'reauthorizationRequired',
    },
  ])
  arrive(sandbox, 'Still told')
  await until('a notification within the grace', () => hook.items.length === 1)
  sandbox.control.advanceClock(60_000)
  arrive(sandbox, 'Lost to push')
  await client.api(`/subscriptions/${id}/reauthorize`).post({})
  const told = arrive(sandbox, 'Told again')
  await until('a notification after reauthorising', () => hook.items.length === 2)
  expect(hook.items[1]?.resourceData).toMatchObject({
    id: sandbox.control.microsoft
      .mailbox(OLGA)
      .wireId(sandbox.control.microsoft.mailbox(OLGA).find(told) as never, false),
  })
  // A renewal answers it as well.
  sandbox.control.microsoft.lifecycle('reauthorizationRequired', { subscription: id })
  await client
    .api(`/subscriptions/${id}`)
    .patch({ expirationDateTime: new Date(Date.now() + 86_400_000).toISOString() })
  arrive(sandbox, 'After renewal')
  await until('a notification after the renewal', () => hook.items.length === 3)
})

test('lifecycle: a removed subscription is gone, missed is only told; without an address nothing is', async () => {
  const sandbox = await outlookForTest({ notifications: { gatherMs: 0 } })
  const client = graphFor(sandbox)
  const hook = await hookForTest()
  const { id } = await subscribe(client, hook)
  sandbox.control.microsoft.lifecycle('missed', { email: OLGA })
  await until('missed', () => hook.lifecycles.length === 1)
  expect((await client.api(`/subscriptions/${id}`).get()) as Subscription).toMatchObject({ id })
  sandbox.control.microsoft.lifecycle('subscriptionRemoved', { subscription: id })
  await until('subscriptionRemoved', () => hook.lifecycles.length === 2)
  expect(hook.lifecycles.map(post => post.items[0]?.lifecycleEvent)).toEqual([
    'missed',
    'subscriptionRemoved',
  ])
  expect(await failureOf(client.api(`/subscriptions/${id}`).get())).toMatchObject({ status: 404 })
  await subscribe(client, hook, { lifecycleNotificationUrl: undefined })
  expect(sandbox.control.microsoft.lifecycle('missed', { email: OLGA })).toEqual({
    subscriptions: 1,
    told: 0,
  })
  expect((await control(sandbox, 'microsoft/remove-subscriptions', { account: OLGA })).body).toEqual({
    removed: 1,
  })
})
