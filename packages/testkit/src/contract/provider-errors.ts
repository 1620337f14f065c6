import type { ProviderError } from '@inlet/sync/provider-errors'
import type { ProviderPort } from '@inlet/sync/provider-port'
import { expect, test } from 'vitest'
import { caught, flatten, kindOf } from './provider-failures.ts'
import { collect } from './provider-pages.ts'
import { sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'
import type { TestAccount } from './provider-world.ts'

export function errorsContract(stage: Stage): void {
  const { inMemory, tokenless } = stage.traits
  const { message, resourceOf } = stage

  type At = { key: string; cursor: string }
  const placeOf = async (account: TestAccount): Promise<At> => {
    const key = await resourceOf(account)
    return { key, cursor: await stage.port.currentCursor(account.conn, key, never) }
  }
  const calls: [
    keyof ProviderPort,
    (over: ProviderPort, account: TestAccount, at: At, signal: AbortSignal) => Promise<unknown>,
  ][] = [
    ['identify', (over, { conn }, _at, signal) => over.identify(conn, signal)],
    ['currentCursor', (over, { conn }, { key }, signal) => over.currentCursor(conn, key, signal)],
    ['pull', (over, { conn }, { key, cursor }, signal) => collect(over.pull(conn, key, cursor, signal))],
    ['listings', (over, { conn }, { key }, signal) => over.listings(conn, key, signal)],
    ['list', async (over, { conn }, { key }, signal) => over.list(conn, key, 'all', null, signal)],
    [
      'fetch',
      (over, { conn }, { key }, signal) =>
        collect(
          over.fetch(
            conn,
            key,
            ['18c0000000000001', '18c0000000000002'],
            { bodies: true, priority: 'live' },
            signal,
          ),
        ),
    ],
    ['labels', (over, { conn }, _at, signal) => over.labels(conn, signal)],
    ['counts', (over, { conn }, { key }, signal) => over.counts(conn, key, signal)],
    [
      'watch',
      (over, { conn }, { key }, signal) =>
        over.watch(conn, key, { secret: 's', callbackUrl: stage.world.callbackUrl, current: null }, signal),
    ],
    ['unwatch', (over, { conn }, { key }, signal) => over.unwatch(conn, { providerId: key }, signal)],
    ['body', (over, { conn }, _at, signal) => over.body(conn, '18c0000000000001', signal)],
    ['attachment', (over, { conn }, _at, signal) => over.attachment(conn, '18c0000000000001', '1', signal)],
    [
      'mutate',
      (over, { conn }, _at, signal) =>
        over.mutate(conn, { type: 'archive', messageIds: ['18c0000000000001'] }, signal),
    ],
  ]

  const asking = calls.filter(([name]) => !stage.traits.local?.includes(name))
  test.each(asking)('%s while the provider is down is transient', async (_name, call) => {
    const account = await stage.newAccount()
    const at = await placeOf(account)
    account.fault.outage()
    expect(await kindOf(call(stage.port, account, at, never))).toBe('transient')
  })

  test.each(asking)('%s that is throttled says when to come back', async (_name, call) => {
    const account = await stage.newAccount()
    const at = await placeOf(account)
    account.fault.throttle(20)
    const before = Date.now()
    const error = await caught(call(stage.port, account, at, never))
    expect(error).toMatchObject({ kind: 'rate_limited' })
    expect((error as ProviderError).retryAt).toBeGreaterThanOrEqual(before + 20_000)
  })

  test.each(asking)('%s after the grant was taken back asks for reconnection', async (_name, call) => {
    const account = await stage.newAccount()
    const at = await placeOf(account)
    await account.revoke()
    expect(await caught(call(stage.port, account, at, never))).toMatchObject({
      kind: 'unauthorized',
      reconnect: true,
    })
  })

  test.each(asking)('%s ends with the signal’s reason when aborted in mid-flight', async (_name, call) => {
    const account = await stage.newAccount()
    const at = await placeOf(account)
    account.fault.hang()
    const leaving = new AbortController()
    const reason = new Error('the person has left')
    const running = caught(call(stage.port, account, at, leaving.signal))
    setTimeout(() => leaving.abort(reason), 30)
    expect(await running).toBe(reason)
    expect(await caught(call(stage.port, account, at, leaving.signal))).toBe(reason)
  })

  if (!inMemory)
    test.each(asking)('%s that gets no answer ends at its time limit', async (_name, call) => {
      const account = await stage.newAccount()
      const at = await placeOf(account)
      account.fault.hang()
      expect(await kindOf(call(stage.world.impatient, account, at, never))).toBe('transient')
    })

  if (!tokenless && !inMemory)
    test('an access token that has died is replaced once, and the call goes on', async () => {
      const account = await stage.newAccount()
      const id = await account.deliver(sampleMail())
      await message(account, id)
      await account.expireAccess?.()
      expect((await message(account, id)).id).toBe(id)
      expect(account.refreshes()).toBeGreaterThan(0)
    })

  if (!inMemory)
    test('a connection that is cut once is tried again', async () => {
      const account = await stage.newAccount()
      const id = await account.deliver(sampleMail())
      account.fault.cut(1)
      expect((await message(account, id)).id).toBe(id)
    })

  if (!inMemory)
    test('nothing thrown quotes a token', async () => {
      const account = await stage.newAccount()
      const token = await account.conn.accessToken(never)
      account.fault.outage()
      const error = await caught(stage.port.labels(account.conn, never))
      expect(flatten(error)).not.toContain(token)
    })
}
