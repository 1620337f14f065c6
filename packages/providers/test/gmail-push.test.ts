import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PUSH_TOKEN_VARIANTS } from '@inlet/sandbox/faults'
import { PushRejected } from '@inlet/sync/provider-errors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withDefaults } from '../src/gmail/config.ts'
import type { ParsedPush, PushRequest } from '../src/gmail/push.ts'
import { createPushParser, decodePush } from '../src/gmail/push.ts'
import { VerifiedTokens } from '../src/gmail/verified-tokens.ts'
import { createGmail } from '../src/gmail.ts'
import { type SandboxWorld, sandboxConfig, sandboxWorld, TOPIC } from './sandbox-world.ts'

const never = new AbortController().signal
const SERVICE_ACCOUNT = 'gmail-push@inlet-sandbox.iam.gserviceaccount.com'

/** A real endpoint that keeps what Pub/Sub sends and acknowledges it. */
async function mailbox() {
  const received: PushRequest[] = []
  const waiting: (() => void)[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.push({
      headers: new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(chunks).toString(),
    })
    response.writeHead(204).end()
    for (const wake of waiting.splice(0)) wake()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/webhooks/gmail`,
    async next(): Promise<PushRequest> {
      const limit = AbortSignal.timeout(10_000)
      while (received.length === 0) {
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve)
          limit.addEventListener('abort', () => reject(new Error('no push came within 10 s')), { once: true })
        })
      }
      const push = received.shift()
      if (!push) throw new Error('unreachable')
      return push
    },
    close: () => new Promise(resolve => server.close(resolve)),
  }
}

/** The sandbox's certificates, which may not be kept; counts who asks for them. */
async function certificateServer(sandboxUrl: string) {
  let asked = 0
  const certificates = await (await fetch(`${sandboxUrl}/oauth2/v1/certs`)).text()
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=0' })
    response.end(certificates)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/certs`,
    asked: () => asked,
    close: () => new Promise(resolve => server.close(resolve)),
  }
}

describe('a push', () => {
  let endpoint: Awaited<ReturnType<typeof mailbox>>
  let world: SandboxWorld
  beforeAll(async () => {
    endpoint = await mailbox()
    world = await sandboxWorld(
      { push: { endpoint: endpoint.url }, notificationsPerSecond: 1_000 },
      { pushAudience: endpoint.url, pushServiceAccount: SERVICE_ACCOUNT },
    )
  })
  afterAll(async () => {
    await world.close()
    await endpoint.close()
  })

  const pushed = async () => {
    const account = await world.newAccount()
    await world.port.watch(account.conn, 'mailbox', { secret: 's', callbackUrl: null, current: null }, never)
    return { account, request: await endpoint.next() }
  }

  test('from Pub/Sub names the mailbox that rang', async () => {
    const { account, request } = await pushed()
    const parsed = await world.port.parsePush(request, never)
    expect(parsed).toEqual({
      kind: 'notice',
      notice: {
        provider: 'gmail',
        mailbox: account.conn.email,
        resource: null,
        pushId: expect.stringMatching(/^\d+$/),
      },
    })
  })

  test.each(PUSH_TOKEN_VARIANTS)(
    'with a bad token (%s) is rejected, and the rejection does not quote it',
    async variant => {
      world.sandbox.control.addFault({ kind: 'push.token', variant, count: 1 })
      const { request } = await pushed()
      world.calm()
      const error = await world.port.parsePush(request, never).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(PushRejected)
      const expected = {
        audience: 'wrong_audience',
        expired: 'expired',
        unsigned: /malformed_token|bad_signature|invalid_token/,
        email: 'wrong_email',
        unverified: 'email_not_verified',
        issuer: 'wrong_issuer',
        key: 'bad_signature',
        missing: 'missing_token',
      }[variant]
      expect((error as PushRejected).reason).toMatch(expected)
      const token = request.headers.get('authorization')?.split(' ')[1]
      if (token) expect((error as PushRejected).message).not.toContain(token.slice(0, 20))
    },
  )

  test('is never accepted where audience or service account are not set', async () => {
    const { request } = await pushed()
    for (const partial of [{ pushAudience: endpoint.url }, { pushServiceAccount: SERVICE_ACCOUNT }, {}]) {
      const open = createGmail(sandboxConfig(world.sandbox, partial))
      await expect(open.parsePush(request, never)).rejects.toMatchObject({
        name: 'PushRejected',
        reason: 'not_configured',
      })
    }
  })

  test('for another endpoint or from another service account is rejected', async () => {
    const { request } = await pushed()
    const with_ = (more: object) =>
      createGmail(
        sandboxConfig(world.sandbox, {
          pushAudience: endpoint.url,
          pushServiceAccount: SERVICE_ACCOUNT,
          ...more,
        }),
      )
    await expect(
      with_({ pushAudience: 'https://elsewhere.test' }).parsePush(request, never),
    ).rejects.toMatchObject({ reason: 'wrong_audience' })
    await expect(
      with_({ pushServiceAccount: 'other@x.test' }).parsePush(request, never),
    ).rejects.toMatchObject({ reason: 'wrong_email' })
  })

  test.each(['', 'Bearer', 'Bearer x', 'Basic a.b.c', `Bearer ${'a'.repeat(9_000)}.b.c`, 'Bearer a.b.c'])(
    'with the header %.20j is rejected',
    async authorization => {
      const headers = new Headers(authorization ? { authorization } : {})
      await expect(world.port.parsePush({ headers, body: '{}' }, never)).rejects.toBeInstanceOf(PushRejected)
    },
  )

  test('that cannot be verified because the certificates cannot be had is to come again', async () => {
    const { request } = await pushed()
    const parse = createPushParser(
      withDefaults(
        sandboxConfig(world.sandbox, {
          pushAudience: endpoint.url,
          pushServiceAccount: SERVICE_ACCOUNT,
          certsUrl: `${world.sandbox.url}/nothing-here`,
        }),
      ),
    )
    await expect(parse(request, never)).rejects.toMatchObject({ name: 'ProviderError', kind: 'transient' })
  })

  test('with a token that was verified before needs no certificates, and another token does', async () => {
    const certificates = await certificateServer(world.sandbox.url)
    try {
      const { request } = await pushed()
      const parse = createPushParser(
        withDefaults(
          sandboxConfig(world.sandbox, {
            pushAudience: endpoint.url,
            pushServiceAccount: SERVICE_ACCOUNT,
            certsUrl: certificates.url,
          }),
        ),
      )
      await parse(request, never)
      const asked = certificates.asked()
      expect(asked).toBeGreaterThan(0)
      for (let n = 0; n < 3; n++) expect(await parse(request, never)).toMatchObject({ kind: 'notice' })
      expect(certificates.asked()).toBe(asked)
      // One character of the signature differs: that is another token.
      const token = request.headers.get('authorization') ?? ''
      const at = token.lastIndexOf('.') + 5
      const forged = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      for (let n = 0; n < 2; n++)
        await expect(
          parse({ headers: new Headers({ authorization: forged }), body: request.body }, never),
        ).rejects.toMatchObject({ reason: 'bad_signature' })
      expect(certificates.asked()).toBe(asked + 2)
    } finally {
      await certificates.close()
    }
  })

  test('verified but unreadable is told as such with its id', async () => {
    const { request } = await pushed()
    const parsed = await world.port.parsePush(
      { headers: request.headers, body: JSON.stringify({ message: { messageId: '77', data: 'AAAA' } }) },
      never,
    )
    expect(parsed).toMatchObject({ kind: 'undecodable', pushId: '77' })
  })

  test('topic and watch agree', () => {
    expect(TOPIC).toMatch(/^projects\/inlet-sandbox\/topics\//)
  })
})

describe('verified tokens', () => {
  test('are known until they expire, and no longer', () => {
    let now = 1_000
    const tokens = new VerifiedTokens(() => now)
    tokens.add('a', 2_000)
    expect([tokens.has('a'), tokens.has('b')]).toEqual([true, false])
    now = 2_000
    expect(tokens.has('a')).toBe(false)
    now = 1_000
    expect(tokens.has('a')).toBe(false)
  })

  test('are a thousand at most: the longest unused is forgotten', () => {
    const tokens = new VerifiedTokens(() => 0)
    for (let n = 0; n < 1_000; n++) tokens.add(`t${n}`, 1)
    expect(tokens.has('t0')).toBe(true)
    tokens.add('one more', 1)
    expect([tokens.has('t0'), tokens.has('t1'), tokens.has('t2')]).toEqual([true, false, true])
  })
})

describe('what a push carries', () => {
  const decode = (body: unknown, headers = {}): ParsedPush =>
    decodePush({
      headers: new Headers(headers),
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const notice = (pushId: string | null) => ({
    kind: 'notice',
    notice: { provider: 'gmail', mailbox: 'user@example.com', resource: null, pushId },
  })
  const data = JSON.stringify({ emailAddress: 'User@Example.com', historyId: '9876543210', note: '???>>>' })

  test('is read in both base64 alphabets, padded or not', () => {
    const standard = Buffer.from(data).toString('base64')
    const url = Buffer.from(data).toString('base64url')
    expect(standard).toMatch(/[+/=]/)
    for (const each of [standard, url, standard.replace(/=+$/, '')])
      expect(decode({ message: { data: each, messageId: '5' } })).toEqual(notice('5'))
  })

  test('may have its history id as a number, and its message id in the old spelling', () => {
    const number = Buffer.from(
      JSON.stringify({ emailAddress: 'user@example.com', historyId: 9_876_543_210 }),
    ).toString('base64')
    expect(decode({ message: { data: number, message_id: '6' } })).toEqual(notice('6'))
  })

  test('may come unwrapped, with its id in a header', () => {
    expect(decode(data, { 'x-goog-pubsub-message-id': '8' })).toEqual(notice('8'))
  })

  test.each([
    '',
    'not json',
    '[]',
    'null',
    '{}',
    '{"message":null}',
    '{"message":{"messageId":"9"}}',
    '{"message":{"data":"","messageId":"9"}}',
    '{"message":{"data":"!!!!"}}',
    JSON.stringify({
      message: { data: Buffer.from('{"emailAddress":"nobody","historyId":"1"}').toString('base64') },
    }),
    JSON.stringify({
      message: { data: Buffer.from('{"emailAddress":"a@b.c","historyId":"-1"}').toString('base64') },
    }),
    JSON.stringify({ message: { data: Buffer.from('{"emailAddress":"a@b.c"}').toString('base64') } }),
  ])('that is no notification is undecodable: %.60j', body => {
    expect(decode(body)).toMatchObject({ kind: 'undecodable', problem: expect.stringMatching(/\w+ \w+/) })
  })
})
