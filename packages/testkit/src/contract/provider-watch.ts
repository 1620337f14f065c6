import { expect, test } from 'vitest'
import { never, type Stage } from './provider-stage.ts'

export function watchContract(stage: Stage): void {
  const { resourceOf, pullAll } = stage

  test('is registered, renewed by the same call, and stopped as often as one likes', async () => {
    const account = await stage.newAccount()
    const key = await resourceOf(account)
    const request = { secret: 'a secret of this watch', callbackUrl: stage.world.callbackUrl }
    const first = await stage.port.watch(account.conn, key, { ...request, current: null }, never)
    if (first === null) throw new Error('There is no doorbell.')
    expect(first.expiresAt).toBeGreaterThan(Date.now() + 60_000)
    const second = await stage.port.watch(account.conn, key, { ...request, current: first }, never)
    expect(second?.expiresAt).toBeGreaterThanOrEqual(first.expiresAt)
    if (first.cursor !== null) await pullAll(account, new Map([[key, first.cursor]]))
    await stage.port.unwatch(account.conn, first, never)
    await stage.port.unwatch(account.conn, first, never)
  })
}
