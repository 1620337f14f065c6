import type { Engine } from '@inlet/sync/engine'
import type { ProviderPort } from '@inlet/sync/provider-port'
import { RENEW_DAILY_MS, RENEW_WITHIN_MS, renewWatches, stopWatches } from '@inlet/sync/watches'
import { FakeFolders } from '@inlet/testkit/fake-folders'
import { FakeProvider } from '@inlet/testkit/fake-provider'
import { afterEach, describe, expect, it } from 'vitest'
import { engineWorldOver } from './harness.ts'

type World = Awaited<ReturnType<typeof engineWorldOver<FakeFolders | FakeProvider>>>
let world: World
afterEach(() => world.close())

/** A mailbox with one folder that can be watched. */
async function openFolder(): Promise<World> {
  const mailbox = new FakeFolders()
  const [, ...others] = mailbox.folders.keys()
  for (const key of others) mailbox.folders.delete(key)
  return await engineWorldOver<FakeFolders | FakeProvider>(mailbox)
}
const renew = (engine: Engine = world.engine, within = RENEW_WITHIN_MS) =>
  renewWatches(engine, within, world.signal)
const calls = (call: string) => world.mailbox.calls.filter(each => each.split(' ')[0] === call)
const watchId = async () =>
  (await world.store.account(world.accountId))?.resources.find(each => each.watchId !== null)?.watchId ?? null

/** Holds the first registration when the provider has it, until it is told to go on. */
function holdFirst() {
  const held = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let first = true
  const inner = world.mailbox.watch.bind(world.mailbox) as ProviderPort['watch']
  const watch: ProviderPort['watch'] = async (...args) => {
    const hold = first
    first = false
    const grant = await inner(...args)
    if (!hold) return grant
    held.resolve()
    await goOn.promise
    return grant
  }
  Object.assign(world.mailbox, { watch })
  return { held: held.promise, goOn: goOn.resolve }
}

describe('two processes that renew watches', () => {
  it('register a missing watch once', async () => {
    world = await openFolder()
    const { held, goOn } = holdFirst()
    const one = renew()
    await held
    expect(await renew()).toEqual({ renewed: 0, failed: 0 })
    goOn()
    expect(await one).toEqual({ renewed: 1, failed: 0 })
    expect([calls('watch').length, calls('unwatch')]).toEqual([1, []])
  })

  it('at the same moment register a missing watch once', async () => {
    world = await openFolder()
    const { held, goOn } = holdFirst()
    // Both have found it due before either registers it.
    let looking = 2
    const both = Promise.withResolvers<void>()
    const store: Engine['store'] = {
      ...world.store,
      async watchesDue(...args) {
        const due = await world.store.watchesDue(...args)
        if (--looking === 0) both.resolve()
        await both.promise
        return due
      },
    }
    const rounds = [renew({ ...world.engine, store }), renew({ ...world.engine, store })]
    await held
    goOn()
    expect((await Promise.all(rounds)).map(({ renewed }) => renewed).toSorted()).toEqual([0, 1])
    expect(calls('watch')).toHaveLength(1)
  })

  it.each([
    ['the claim of one ends', async () => world.clock.advance(2 * 60_000)],
    [
      'a person starts anew',
      async () => {
        const { rows } = await world.pool.query<{ id: string }>(
          `SELECT r.id FROM resource r JOIN watch w ON w.resource_id = r.id WHERE r.account_id = $1`,
          [world.accountId],
        )
        await world.store.removeWatch(rows[0]?.id ?? '')
      },
    ],
  ])('leave one watch when %s: what lost its row is taken back', async (_, ends) => {
    world = await openFolder()
    const { held, goOn } = holdFirst()
    const one = renew()
    await held
    await ends()
    expect(await renew()).toEqual({ renewed: 1, failed: 0 })
    const kept = await watchId()
    goOn()
    expect(await one).toEqual({ renewed: 0, failed: 0 })
    expect(calls('watch')).toHaveLength(2)
    expect(calls('unwatch')).toEqual(['unwatch w1'])
    expect([kept, await watchId()]).toEqual(['w2', 'w2'])
  })

  it('take back what was registered for an account that was stopped meanwhile', async () => {
    world = await openFolder()
    const { held, goOn } = holdFirst()
    const one = renew()
    await held
    await stopWatches(world.engine, world.accountId, world.signal)
    await world.store.setEnabled(world.accountId, false, world.clock.now())
    goOn()
    expect(await one).toEqual({ renewed: 0, failed: 0 })
    expect([calls('unwatch'), await watchId()]).toEqual([['unwatch w1'], null])
  })

  it('do not stop the only watch that a mailbox can have, which is the one that counts', async () => {
    world = await engineWorldOver<FakeFolders | FakeProvider>(new FakeProvider())
    const { held, goOn } = holdFirst()
    const one = renew()
    await held
    world.clock.advance(2 * 60_000)
    expect(await renew()).toEqual({ renewed: 1, failed: 0 })
    goOn()
    expect(await one).toEqual({ renewed: 0, failed: 0 })
    expect(calls('unwatch')).toEqual([])
  })
})

describe('a round of renewal', () => {
  it('that is given up does not hold the next', async () => {
    world = await openFolder()
    const gone = new AbortController()
    world.mailbox.onCall = call => {
      if (call !== 'watch') return
      gone.abort(new Error('too long'))
      return new Promise(() => {})
    }
    await expect(renewWatches(world.engine, RENEW_WITHIN_MS, gone.signal)).rejects.toThrow('too long')
    world.mailbox.onCall = () => {}
    expect(await renew()).toEqual({ renewed: 1, failed: 0 })
  })

  it('renews each watch once, though none lives longer than it looks ahead', async () => {
    const mailbox = new FakeFolders()
    while (mailbox.folders.size < 60) mailbox.makeFolder(`Folder ${mailbox.folders.size}`)
    world = await engineWorldOver<FakeFolders | FakeProvider>(mailbox)
    const inner = mailbox.watch.bind(mailbox)
    mailbox.watch = async (...args) => ({
      ...(await inner(...args)),
      expiresAt: world.clock.now() + RENEW_DAILY_MS - 1_000,
    })
    expect(await renew(world.engine, RENEW_DAILY_MS)).toEqual({ renewed: 60, failed: 0 })
    world.clock.advance(60_000)
    expect(await renew(world.engine, RENEW_DAILY_MS)).toEqual({ renewed: 60, failed: 0 })
  })
})
