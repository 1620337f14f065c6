import { ProviderError } from '@inlet/sync/provider-errors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EngineWorld, engineWorld, providersMail, storedMail } from './harness.ts'

const MINUTE = 60_000
/** A loop without a wait is broken here, so that a test ends. */
const ENOUGH = 30

let world: EngineWorld
beforeEach(async () => {
  world = await engineWorld()
  for (let i = 0; i < 120; i++) world.mailbox.deliver()
  await world.drain()
})
afterEach(() => world.close())

const status = async () => (await world.store.account(world.accountId))?.status
const lane = async (name: string) => {
  const { rows } = await world.pool.query<{ attempts: number; next_attempt_at: number | null }>(
    'SELECT attempts, next_attempt_at FROM resource WHERE account_id = $1 AND lane = $2',
    [world.accountId, name],
  )
  return rows[0]
}

describe('a provider whose cursors never hold', () => {
  const expireAlways = () => {
    const pulls = { count: 0, hold: world.mailbox.pull.bind(world.mailbox) }
    world.mailbox.pull = (...args) => {
      if (++pulls.count <= ENOUGH) world.mailbox.expireCursors()
      return pulls.hold(...args)
    }
    return pulls
  }

  it('is waited for longer each time, and the account says what is the matter', async () => {
    const pulls = expireAlways()
    await world.mark()
    await world.drain()
    // The first new cursor is tried at once.
    expect(pulls.count).toBe(2)
    for (let round = 0; round < 3; round++) {
      world.clock.advance(11 * MINUTE)
      await world.drain()
    }
    expect(pulls.count).toBe(5)
    expect(await status()).toMatchObject({ state: 'degraded', reason: 'cooling_down' })
    expect((await status())?.error).toMatch(/The same happens again each time\.$/)
    world.clock.advance(11 * MINUTE)
    await world.drain()
    expect(pulls.count).toBe(5)
  })

  it('is followed as before once they hold, and nothing is lost', async () => {
    const { hold } = expireAlways()
    await world.mark()
    await world.drain()
    world.mailbox.deliver({ id: 'between' })
    world.mailbox.remove('m7')
    world.mailbox.pull = hold
    world.clock.advance(11 * MINUTE)
    await world.drain()
    expect(await storedMail(world)).toEqual(providersMail(world))
    expect(await lane('live')).toMatchObject({ attempts: 0 })
    expect((await status())?.reason).not.toMatch(/failing|cooling_down|resyncing/)
  })

  it('that expired once is no failure', async () => {
    let pulls = 0
    world.mailbox.onCall = call => {
      if (call === 'pull') pulls += 1
    }
    world.mailbox.deliver()
    world.mailbox.expireCursors()
    await world.mark()
    await world.drain()
    // The expired one, the new one at once, and one when all has been listed.
    expect(pulls).toBeLessThanOrEqual(3)
    expect(await lane('live')).toEqual({ attempts: 0, next_attempt_at: null })
    expect((await status())?.error).toBeNull()
  })
})

it('a listing whose positions never hold is waited for, and ends when they do', async () => {
  const honest = world.mailbox.list.bind(world.mailbox)
  let lists = 0
  world.mailbox.list = async (...args) => {
    lists += 1
    if (args[3] !== null && lists < ENOUGH)
      throw new ProviderError('cursor_expired', 'There is no such place.')
    return await honest(...args)
  }
  world.mailbox.deliver({ id: 'missed' })
  world.mailbox.expireCursors()
  await world.mark()
  await world.drain()
  // The first page, its successor, and both again.
  expect(lists).toBeLessThanOrEqual(6)
  expect(await lane('listing')).toMatchObject({ attempts: 1 })
  world.mailbox.list = honest
  world.clock.advance(MINUTE)
  await world.drain()
  expect(await storedMail(world)).toEqual(providersMail(world))
})
