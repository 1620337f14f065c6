import { describe, expect, test } from 'vitest'
import { ANNA, BEN, control, failureOf, gmailFor, rfc822, sandboxForTest } from './helpers.ts'

const PROFILE = '/gmail/v1/users/*/profile'

describe('quota', () => {
  test('2026 takes 20 units for a get, the classic table 5', async () => {
    for (const [mode, gets] of [
      ['2026', 2],
      ['classic', 8],
    ] as const) {
      const sandbox = await sandboxForTest({ quota: { mode, unitsPerMinute: 40, form: '429' } })
      const gmail = gmailFor(sandbox)
      const { id } = sandbox.control.deliver(ANNA, rfc822())
      for (let i = 0; i < gets; i++) await gmail.users.messages.get({ userId: 'me', id })
      const failure = await failureOf(gmail.users.messages.get({ userId: 'me', id }, { retry: false }))
      expect(failure).toEqual({ status: 429, reason: 'rateLimitExceeded', retryAfter: null })
    }
  })

  test('refuses in all three forms, each user alone, and recovers with time', async () => {
    const sandbox = await sandboxForTest({ quota: { mode: '2026', unitsPerMinute: 6 } })
    const [anna, ben] = [gmailFor(sandbox, ANNA), gmailFor(sandbox, BEN)]
    const call = () => anna.users.getProfile({ userId: 'me' }, { retry: false })
    for (let i = 0; i < 6; i++) await call()
    const failures = [await failureOf(call()), await failureOf(call()), await failureOf(call())]
    expect(failures.map(f => [f.status, f.reason]).sort()).toEqual([
      [403, 'userRateLimitExceeded'],
      [429, 'rateLimitExceeded'],
      [429, 'rateLimitExceeded'],
    ])
    expect(failures.map(f => f.retryAfter).filter(Boolean)).toEqual(['10'])
    expect((await ben.users.getProfile({ userId: 'me' })).status).toBe(200)
    sandbox.control.advanceClock(10_001)
    expect((await call()).status).toBe(200)
    expect(sandbox.control.state()).toMatchObject({ quota: { refused: 3 } })
  })
})

describe('faults over the control API', () => {
  test('a status strikes as often as told, only where it matches, in Google’s form', async () => {
    const sandbox = await sandboxForTest()
    const [anna, ben] = [gmailFor(sandbox, ANNA), gmailFor(sandbox, BEN)]
    const fault = {
      kind: 'status',
      status: 429,
      retryAfter: 3,
      count: 1,
      match: { method: 'get', path: PROFILE, account: ANNA },
    }
    expect((await control(sandbox, 'faults', fault)).body).toMatchObject({ id: 'fault-1', struck: 0 })
    expect((await ben.users.getProfile({ userId: 'me' })).status).toBe(200)
    expect((await anna.users.labels.list({ userId: 'me' })).status).toBe(200)
    const failure = await failureOf(anna.users.getProfile({ userId: 'me' }, { retry: false }))
    expect(failure).toEqual({ status: 429, reason: 'rateLimitExceeded', retryAfter: '3' })
    expect((await anna.users.getProfile({ userId: 'me' })).status).toBe(200)
    expect(sandbox.control.faults()).toMatchObject([{ struck: 1 }])
  })

  test.each([
    [403, 'userRateLimitExceeded'],
    [500, 'backendError'],
    [503, 'backendError'],
  ])('status %i brings the reason %s', async (status, reason) => {
    const sandbox = await sandboxForTest()
    sandbox.control.addFault({ kind: 'status', status, match: { path: PROFILE } })
    expect(
      await failureOf(gmailFor(sandbox).users.getProfile({ userId: 'me' }, { retry: false })),
    ).toMatchObject({ status, reason })
  })

  test('a broken item answers 500 for ever while everything else works', async () => {
    const sandbox = await sandboxForTest()
    const gmail = gmailFor(sandbox)
    const [broken, fine] = [1, 2].map(() => sandbox.control.deliver(ANNA, rfc822()).id)
    await control(sandbox, 'faults', {
      kind: 'status',
      status: 500,
      match: { path: `/gmail/v1/users/*/messages/${broken}` },
    })
    expect(
      (await failureOf(gmail.users.messages.get({ userId: 'me', id: broken ?? '' }, { retry: false })))
        .status,
    ).toBe(500)
    expect((await gmail.users.messages.get({ userId: 'me', id: fine ?? '' })).status).toBe(200)
  })

  test('reset, hang and delay hit the connection', async () => {
    const sandbox = await sandboxForTest()
    const get = (signal?: AbortSignal) => fetch(`${sandbox.url}/oauth2/v3/certs`, signal ? { signal } : {})
    sandbox.control.addFault({ kind: 'reset', count: 1 })
    await expect(get()).rejects.toThrow()
    sandbox.control.addFault({ kind: 'hang', count: 1 })
    await expect(get(AbortSignal.timeout(100))).rejects.toThrow(/timeout/)
    sandbox.control.addFault({ kind: 'delay', ms: 60_000, count: 1 })
    await expect(get(AbortSignal.timeout(100))).rejects.toThrow(/timeout/)
    expect((await get()).status).toBe(200)
  })

  test('slow trickles the body and truncate cuts the JSON in a 200 answer', async () => {
    const sandbox = await sandboxForTest()
    sandbox.control.addFault({ kind: 'slow', ms: 40, count: 1 })
    expect(await (await fetch(`${sandbox.url}/oauth2/v3/certs`)).json()).toMatchObject({
      keys: [{ alg: 'RS256' }],
    })
    sandbox.control.addFault({ kind: 'truncate', count: 1 })
    const response = await fetch(`${sandbox.url}/oauth2/v3/certs`)
    expect(response.status).toBe(200)
    await expect(response.json()).rejects.toThrow()
  })

  test('probability is drawn from the seed, the same every time', async () => {
    const draw = async (): Promise<number[]> => {
      const sandbox = await sandboxForTest()
      sandbox.control.addFault({ kind: 'status', status: 503, probability: 0.5, seed: 42 })
      const { access_token } = sandbox.control.token(ANNA)
      const statuses: number[] = []
      for (let i = 0; i < 12; i++) {
        statuses.push(
          (
            await fetch(`${sandbox.url}/gmail/v1/users/me/profile`, {
              headers: { authorization: `Bearer ${access_token}` },
            })
          ).status,
        )
      }
      return statuses
    }
    const first = await draw()
    expect(new Set(first)).toEqual(new Set([200, 503]))
    expect(await draw()).toEqual(first)
  })

  test('forMs ends a fault by the sandbox’s own clock', async () => {
    const sandbox = await sandboxForTest()
    sandbox.control.advanceClock(3600_000)
    await control(sandbox, 'faults', { kind: 'status', status: 503, forMs: 60_000, match: { path: PROFILE } })
    const profile = () => gmailFor(sandbox).users.getProfile({ userId: 'me' }, { retry: false })
    expect((await failureOf(profile())).status).toBe(503)
    sandbox.control.advanceClock(60_001)
    expect((await profile()).status).toBe(200)
  })

  test('a token fault makes the refresh fail as a server error', async () => {
    const sandbox = await sandboxForTest()
    sandbox.control.addFault({ kind: 'status', status: 503, match: { path: '/token' }, count: 1 })
    const form = { grant_type: 'refresh_token' }
    expect(
      (await fetch(`${sandbox.url}/token`, { method: 'POST', body: new URLSearchParams(form) })).status,
    ).toBe(503)
  })
})

describe('the control API', () => {
  test('names what is wrong with a request by a stable code', async () => {
    const sandbox = await sandboxForTest()
    for (const [path, body, status, code] of [
      ['faults', { kind: 'nonsense' }, 400, 'invalid_field'],
      ['faults', { kind: 'status', matsch: {} }, 400, 'unknown_field'],
      ['deliver', { account: 'nobody@x', raw: 'AAAA' }, 404, 'no_such_account'],
      ['deliver', {}, 400, 'raw_or_generate'],
      ['deliver', { raw: '' }, 400, 'empty_message'],
      ['deliver', { generate: { count: 5001 } }, 400, 'invalid_field'],
      ['nothing', {}, 404, 'no_such_route'],
      ['state', {}, 405, 'method_not_allowed'],
    ] as const) {
      const answer = await control(sandbox, path, body)
      expect([path, answer.status, (answer.body.error as { code: string }).code]).toEqual([
        path,
        status,
        code,
      ])
    }
    const broken = await fetch(`${sandbox.url}/control/deliver`, { method: 'POST', body: '{' })
    expect(await broken.json()).toMatchObject({ error: { code: 'invalid_json' } })
  })

  test('generates at once, or over time until cancelled', async () => {
    const sandbox = await sandboxForTest()
    const now = await control(sandbox, 'deliver', { account: ANNA, generate: { count: 12, seed: 5 } })
    expect(now.body.messages).toHaveLength(12)
    const { body } = await control(sandbox, 'deliver', {
      account: BEN,
      generate: { count: 1000, ratePerSecond: 1 },
    })
    const { id } = body.delivery as { id: string }
    const cancelled = await fetch(`${sandbox.url}/control/deliveries/${id}`, { method: 'DELETE' })
    expect(await cancelled.json()).toMatchObject({ state: 'cancelled', count: 1000 })
    expect(sandbox.control.mailbox(BEN).size).toBeGreaterThan(0)
  })

  test('shows counts per label, counters per route, and resets to the first start', async () => {
    const sandbox = await sandboxForTest()
    sandbox.control.deliver(ANNA, rfc822())
    await gmailFor(sandbox).users.getProfile({ userId: 'me' })
    await control(sandbox, 'accounts', { email: 'new@inlet.test', messages: 5 })
    const state = (await (await fetch(`${sandbox.url}/control/state`)).json()) as { accounts: object[] }
    expect(state).toMatchObject({ requests: { 'GET /gmail/v1/users/:userId/profile 200': 1 } })
    expect(state.accounts[0]).toMatchObject({
      email: ANNA,
      messages: 1,
      labels: expect.arrayContaining([expect.objectContaining({ id: 'INBOX', messages: 1, unread: 1 })]),
    })
    expect(state.accounts).toHaveLength(3)
    const reset = (await control(sandbox, 'reset', {})).body as unknown as { accounts: object[] }
    expect(reset.accounts).toMatchObject([
      { email: ANNA, messages: 0 },
      { email: BEN, messages: 0 },
    ])
    const page = await (await fetch(sandbox.url)).text()
    expect(page).toContain(ANNA)
  })
})
