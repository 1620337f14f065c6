import { describe, expect, test } from 'vitest'
import { PUSH_TOKEN_VARIANTS } from '../src/faults.ts'
import { SUBSCRIPTION } from '../src/google/pubsub/push-delivery.ts'
import {
  ANNA,
  BEN,
  control,
  failureOf,
  gmailFor,
  hookForTest,
  oauthClient,
  rfc822,
  sandboxForTest,
  TOPIC,
  until,
} from './helpers.ts'

const FAST = { minimumBackoffMs: 5, maximumBackoffMs: 40 }

describe('watch', () => {
  test('answers strings, expires within seven days, and rings at once with a token that verifies', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint } })
    const gmail = gmailFor(sandbox)
    const before = Date.now()
    const { data } = await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    expect(data.historyId).toMatch(/^\d+$/)
    expect(typeof data.expiration).toBe('string')
    const life = Number(data.expiration) - before
    expect(life).toBeGreaterThan(6.9 * 86_400_000)
    expect(life).toBeLessThanOrEqual(7 * 86_400_000 + 60_000)
    await until('the first push', () => hook.pushes.length === 1)
    const [push] = hook.pushes
    expect(push?.payload).toEqual({ emailAddress: ANNA, historyId: Number(data.historyId) })
    expect(push?.body.message.message_id).toBe(push?.body.message.messageId)
    expect(push?.body.subscription).toBe(SUBSCRIPTION)
    const idToken = push?.headers.authorization?.replace('Bearer ', '') ?? ''
    const ticket = await oauthClient(sandbox).verifyIdToken({ idToken, audience: hook.endpoint })
    const payload = ticket.getPayload()
    expect(payload).toMatchObject({
      email: 'gmail-push@inlet-sandbox.iam.gserviceaccount.com',
      email_verified: true,
      iss: 'https://accounts.google.com',
    })
    expect((payload?.exp ?? 0) - (payload?.iat ?? 0)).toBe(3600)
  })

  test('refuses a topic of another project', async () => {
    const gmail = gmailFor(await sandboxForTest())
    const failure = await failureOf(
      gmail.users.watch({ userId: 'me', requestBody: { topicName: 'projects/other/topics/x' } }),
    )
    expect(failure).toMatchObject({ status: 400 })
  })

  test('label filters decide which changes ring', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint }, notificationsPerSecond: 1000 })
    const [anna, ben] = [gmailFor(sandbox, ANNA), gmailFor(sandbox, BEN)]
    const topic = { topicName: TOPIC, labelIds: ['STARRED'] }
    await anna.users.watch({ userId: 'me', requestBody: { ...topic, labelFilterBehavior: 'include' } })
    await ben.users.watch({ userId: 'me', requestBody: { ...topic, labelFilterBehavior: 'EXCLUDE' } })
    await until('both first pushes', () => hook.pushes.length === 2)
    const toAnna = sandbox.control.deliver(ANNA, rfc822())
    const toBen = sandbox.control.deliver(BEN, rfc822())
    await anna.users.messages.modify({
      userId: 'me',
      id: toAnna.id,
      requestBody: { addLabelIds: ['STARRED'] },
    })
    await until('the pushes of both', () => hook.pushes.length === 4)
    const later = hook.pushes.slice(2)
    expect(later.find(push => push.payload.emailAddress === BEN)?.payload.historyId).toBe(
      Number(toBen.historyId),
    )
    const star = (await anna.users.getProfile({ userId: 'me' })).data.historyId
    expect(later.find(push => push.payload.emailAddress === ANNA)?.payload.historyId).toBe(Number(star))
  })

  test('stop, expiry and time end the ringing silently', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint }, notificationsPerSecond: 1000 })
    const gmail = gmailFor(sandbox)
    const endings = [
      () => gmail.users.stop({ userId: 'me' }),
      async () => sandbox.control.expireWatch(ANNA),
      async () => sandbox.control.advanceClock(7 * 86_400_000 + 1),
    ]
    for (const end of endings) {
      hook.pushes.length = 0
      await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
      await until('the first push', () => hook.pushes.length === 1)
      await end()
      sandbox.control.deliver(ANNA, rfc822())
      expect(sandbox.control.state()).toMatchObject({ push: { waiting: 0 } })
    }
  })
})

describe('the limit of one notification a second', () => {
  test('a burst is one push at once and one trailing push with the newest id', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint } })
    await gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until('the first push', () => hook.pushes.length === 1)
    const ids = Array.from({ length: 20 }, () => sandbox.control.deliver(ANNA, rfc822()).historyId)
    await until('the trailing push', () => hook.pushes.length === 2)
    expect(hook.pushes[1]?.payload.historyId).toBe(Number(ids.at(-1)))
    expect(sandbox.control.state()).toMatchObject({ notifications: { published: 2, coalesced: 20 } })
  })

  test('a watch renewed in the midst of a burst rings on', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint }, notificationsPerSecond: 20 })
    const watch = () => gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await watch()
    sandbox.control.deliver(ANNA, rfc822())
    await watch()
    const told = (historyId: string) => hook.pushes.some(push => push.payload.historyId === Number(historyId))
    for (let round = 0; round < 3; round++) {
      const { historyId } = sandbox.control.deliver(ANNA, rfc822())
      await until(`the push of round ${round}`, () => told(historyId))
    }
  })

  test('under watch.drop-excess the tail of a burst is lost', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint } })
    sandbox.control.addFault({ kind: 'watch.drop-excess' })
    await gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    for (let i = 0; i < 5; i++) sandbox.control.deliver(ANNA, rfc822())
    expect(sandbox.control.state()).toMatchObject({ notifications: { published: 1, dropped: 5 } })
  })
})

describe('acknowledging', () => {
  test('only 200, 201, 202 and 204 end a delivery; anything else brings it back', async () => {
    const hook = await hookForTest()
    hook.answers.push(203, 206, 302, 404, 500)
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint, ...FAST } })
    await gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until('five refusals and a success', () => hook.pushes.length === 6)
    expect(new Set(hook.pushes.map(push => push.body.message.messageId)).size).toBe(1)
    await until(
      'the acknowledgement',
      () => (sandbox.control.state() as { push: { waiting: number } }).push.waiting === 0,
    )
    expect(sandbox.control.state()).toMatchObject({ push: { acknowledged: 1, refused: 5 } })
  })

  test('one refusal holds back every mailbox of the subscription', async () => {
    const hook = await hookForTest()
    hook.answers.push(500)
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint, minimumBackoffMs: 60_000 } })
    await gmailFor(sandbox, ANNA).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until(
      'the refusal',
      () => (sandbox.control.state() as { push: { refused: number } }).push.refused === 1,
    )
    await gmailFor(sandbox, BEN).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    expect(sandbox.control.state()).toMatchObject({ push: { waiting: 2, attempts: 1 } })
  })

  test('an endpoint that does not answer within the deadline is refused and tried again', async () => {
    const sandbox = await sandboxForTest()
    // Our own hanging route stands in for a webhook that never answers.
    sandbox.control.addFault({ kind: 'hang', match: { path: '/oauth2/v3/certs' }, count: 1 })
    sandbox.control.configurePush({ endpoint: `${sandbox.url}/oauth2/v3/certs`, ackDeadlineMs: 50, ...FAST })
    await gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until('a timeout and a second attempt', () => {
      const { push } = sandbox.control.state() as { push: { timedOut: number; attempts: number } }
      return push.timedOut === 1 && push.attempts > 1
    })
  })
})

describe('faults of pushes', () => {
  test('drop, double and delay', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint }, notificationsPerSecond: 1000 })
    for (const fault of [{ kind: 'push.drop', count: 1 }])
      expect((await control(sandbox, 'faults', fault)).status).toBe(201)
    const gmail = gmailFor(sandbox)
    await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    expect(sandbox.control.state()).toMatchObject({ push: { dropped: 1, attempts: 0, waiting: 0 } })
    await control(sandbox, 'faults', { kind: 'push.double', count: 1 })
    await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until('both copies', () => hook.pushes.length === 2)
    expect(hook.pushes[0]?.body.message.messageId).toBe(hook.pushes[1]?.body.message.messageId)
    await control(sandbox, 'faults', { kind: 'push.delay', ms: 100, count: 1 })
    await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until('the delayed push', () => hook.pushes.length === 3)
  })

  test('reorder lets a later push overtake', async () => {
    const hook = await hookForTest()
    const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint }, notificationsPerSecond: 1000 })
    const gmail = gmailFor(sandbox)
    sandbox.control.addFault({ kind: 'push.reorder', count: 1 })
    await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await gmail.users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
    await until('both pushes', () => hook.pushes.length === 2)
    const [first, second] = hook.pushes.map(push => BigInt(push.body.message.messageId))
    expect(first).toBeGreaterThan(second ?? 0n)
  })

  test.each(PUSH_TOKEN_VARIANTS)(
    'a push token that is wrong by %s can be told from a good one',
    async variant => {
      const hook = await hookForTest()
      const sandbox = await sandboxForTest({ push: { endpoint: hook.endpoint } })
      sandbox.control.addFault({ kind: 'push.token', variant })
      await gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
      await until('the push', () => hook.pushes.length === 1)
      const idToken = hook.pushes[0]?.headers.authorization?.replace('Bearer ', '')
      if (variant === 'missing') return expect(idToken).toBeUndefined()
      const check = oauthClient(sandbox).verifyIdToken({ idToken: idToken ?? '', audience: hook.endpoint })
      // The library checks signature, audience, time and issuer; the e-mail is the receiver's own duty.
      if (variant === 'email') return expect((await check).getPayload()?.email).toContain('intruder@')
      if (variant === 'unverified') return expect((await check).getPayload()?.email_verified).toBe(false)
      await expect(check).rejects.toThrow()
    },
  )
})

test('messages wait for a pull subscriber when there is no push endpoint', async () => {
  const sandbox = await sandboxForTest()
  await gmailFor(sandbox).users.watch({ userId: 'me', requestBody: { topicName: TOPIC } })
  const call = async (action: string, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${sandbox.url}/v1/${SUBSCRIPTION}:${action}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(200)
    return (await response.json()) as Record<string, unknown>
  }
  const { receivedMessages } = (await call('pull', { maxMessages: 10 })) as {
    receivedMessages: { ackId: string }[]
  }
  expect(receivedMessages).toHaveLength(1)
  expect(await call('pull', { maxMessages: 10 })).toEqual({})
  sandbox.control.advanceClock(10_001)
  expect((await call('pull', { maxMessages: 10 })).receivedMessages).toHaveLength(1)
  await call('acknowledge', { ackIds: receivedMessages.map(m => m.ackId) })
  sandbox.control.advanceClock(10_001)
  expect(await call('pull', { maxMessages: 10 })).toEqual({})
})

test('the certificates are real X.509 ones, and the key set holds the same key', async () => {
  const sandbox = await sandboxForTest()
  const pems = (await (await fetch(`${sandbox.url}/oauth2/v1/certs`)).json()) as Record<string, string>
  const jwks = (await (await fetch(`${sandbox.url}/oauth2/v3/certs`)).json()) as {
    keys: { kid: string; n: string }[]
  }
  const { X509Certificate } = await import('node:crypto')
  const certificate = new X509Certificate(pems[jwks.keys[0]?.kid ?? ''] ?? '')
  expect(certificate.verify(certificate.publicKey)).toBe(true)
  expect(certificate.publicKey.export({ format: 'jwk' }).n).toBe(jwks.keys[0]?.n)
})
