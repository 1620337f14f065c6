import type { Provider } from '@inlet/protocol/entities'
import type { Attended } from '@inlet/sync/attendance-store'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { connected, LEASE_MS, NOW, type StoreUnderTest } from './store-fixture.ts'

const PROVIDERS: Provider[] = ['imap']
let clock = NOW + 1_000 * LEASE_MS

/** What a store promises of who holds which account's connections. Other tests' accounts are among those shared out. */
export function attendanceContract(get: () => StoreUnderTest): void {
  let made = 0
  const worker = () => `worker-${clock}-${++made}`
  const round = (workerId: string, now = clock) =>
    get().store.attend({ workerId, providers: PROVIDERS, now, leaseMs: LEASE_MS })
  const ids = (held: Attended[]) => held.map(({ accountId }) => accountId)
  /** Whoever was alive in another test is not any more. */
  const later = () => {
    clock += 10 * LEASE_MS
  }
  const accounts = async (count: number) => {
    const all = []
    for (let at = 0; at < count; at++) all.push(await connected(get(), { provider: 'imap' }))
    return all
  }

  test('one worker holds all, with what it needs to reach them, and nobody who is stopped or gone', async () => {
    later()
    const { store } = get()
    const [on, off, gone, cut] = await accounts(4)
    const other = await connected(get())
    const first = worker()
    const held = await round(first)
    expect(ids(held)).toEqual(expect.arrayContaining([on, off, gone, cut].map(account => account?.accountId)))
    expect(ids(held)).not.toContain(other.accountId)
    expect(held.find(({ accountId }) => accountId === on?.accountId)).toEqual({
      accountId: on?.accountId,
      userId: on?.userId,
      email: on?.email,
      provider: 'imap',
      since: clock,
    })
    const mine = { accountId: on?.accountId ?? '', since: clock }
    expect(await store.attendedOf(on?.userId ?? '', clock + LEASE_MS - 1)).toEqual([mine])
    expect(await store.attendedOf(on?.userId ?? '', clock + LEASE_MS)).toEqual([])
    expect(await store.attendedOf(other.userId, clock)).toEqual([])
    await store.setEnabled(off?.accountId ?? '', false, clock)
    await store.deleteAccount(gone?.accountId ?? '', clock)
    await store.disconnect(cut?.accountId ?? '', 1, 'Refused.', clock)
    const after = ids(await round(first, clock + 1))
    expect(after).toContain(on?.accountId)
    for (const each of [off, gone, cut]) expect(after).not.toContain(each?.accountId)
    await store.setEnabled(off?.accountId ?? '', true, clock)
    expect(ids(await round(first, clock + 2))).toContain(off?.accountId)
  })

  test('a second worker gets its share as the first lets go, and what it held comes back when it leaves', async () => {
    later()
    await accounts(5)
    const [a, b] = [worker(), worker()]
    const all = ids(await round(a))
    // The first has not heard of the second yet.
    expect(await round(b)).toEqual([])
    const kept = ids(await round(a))
    expect(kept).toHaveLength(Math.ceil(all.length / 2))
    const taken = ids(await round(b))
    expect([...kept, ...taken].sort()).toEqual([...all].sort())
    await get().store.leave(b)
    expect(ids(await round(a)).sort()).toEqual([...all].sort())
  })

  test('of workers that ask at once nobody gets what another has', async () => {
    later()
    await accounts(6)
    const workers = Array.from({ length: 6 }, worker)
    // Several times: the first time each waits for a connection of its own.
    for (let time = 0; time < 10; time++) {
      const held = (await Promise.all(workers.map(each => round(each)))).flatMap(ids)
      expect(held.length).toBeGreaterThanOrEqual(6)
      expect(new Set(held).size).toBe(held.length)
      await Promise.all(workers.map(each => get().store.leave(each)))
    }
  })

  test('a worker that is dead holds nothing once its lease is over, and not before', async () => {
    later()
    await accounts(2)
    const [dead, alive] = [worker(), worker()]
    const held = ids(await round(dead))
    expect(await round(alive, clock + LEASE_MS - 1)).toEqual([])
    expect(ids(await round(alive, clock + LEASE_MS)).sort()).toEqual([...held].sort())
  })

  test('whoever comes and goes: nobody has two holders, and all are held evenly when it is quiet', async () => {
    const step = fc.record({
      who: fc.nat(3),
      leaves: fc.boolean(),
      ms: fc.integer({ min: 0, max: LEASE_MS / 2 }),
    })
    await accounts(7)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
        later()
        const names = [worker(), worker(), worker(), worker()]
        /** As each worker knows it: what it was answered, until its lease is over. */
        const known = new Map<string, { ids: string[]; until: number }>()
        const ask = async (name: string) =>
          known.set(name, { ids: ids(await round(name)), until: clock + LEASE_MS })
        for (const { who, leaves, ms } of steps) {
          const name = names[who] ?? ''
          clock += ms
          if (leaves) await get().store.leave(name)
          if (leaves) known.delete(name)
          else await ask(name)
        }
        const alive = [...known].filter(([, { until }]) => until > clock).map(([name]) => name)
        known.clear()
        if (alive.length === 0) alive.push(names[0] ?? '')
        for (const name of [...alive, ...alive]) await ask(name)
        const held = alive.map(name => known.get(name)?.ids ?? [])
        const all = held.flat()
        expect(new Set(all).size).toBe(all.length)
        const share = Math.ceil(all.length / alive.length)
        for (const each of held) expect(each.length).toBeLessThanOrEqual(share)
        const total = ids(await round(worker(), clock + 100 * LEASE_MS)).length
        expect(all).toHaveLength(total)
        clock += 200 * LEASE_MS
      }),
      { numRuns: 25 },
    )
  })
}
