import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type EngineWorld, engineWorld, providersMail, storedMail } from './harness.ts'

let world: EngineWorld
beforeEach(async () => {
  world = await engineWorld()
})
afterEach(() => world.close())

test('a run that takes long renews its lease, so that nobody else takes it up', async () => {
  await world.drain()
  const leasedUntil = async () =>
    (await world.pool.query("SELECT lease_until FROM resource WHERE lane = 'live'")).rows[0].lease_until
  let takenUp: number | null = null
  world.mailbox.onCall = async call => {
    if (call !== 'pull' || takenUp !== null) return
    for (let minute = 0; minute < 3; minute++) {
      world.clock.advance(50_000)
      await vi.waitUntil(async () => (await leasedUntil()) > world.clock.now() + 50_000)
    }
    const claims = await world.store.claimDue({ now: world.clock.now(), leaseMs: 1_000, limit: 9 })
    takenUp = claims.length
  }
  world.mailbox.deliver()
  await world.mark()
  await world.drain()
  expect(takenUp).toBe(0)
  expect(await storedMail(world)).toEqual(providersMail(world))
})
