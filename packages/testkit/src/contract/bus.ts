import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

/** The bus port in shape: the test kit stands beside the packages and imports none of them. */
interface BusLike {
  ring(ring: RingLike): Promise<void>
  subscribe(listener: (ring: RingLike) => void): () => void
  readonly connected: boolean
  onConnected(listener: (connected: boolean) => void): () => void
  close(): Promise<void>
}
type RingLike =
  | { type: 'feed'; userId: string; head: number }
  | { type: 'work' }
  | { type: 'signed_out'; userId: string; sessionId: string | null }

export interface BusBench {
  /** A bus as another process would make it, over the same transport. */
  connect(): BusLike
  /** The transport's faults; absent where there is no transport that could fail. */
  faults?: {
    cut(): Promise<void>
    restore(): Promise<void>
    /** The connection stays open and nothing passes any more. */
    hang(): void
  }
  /** Sends a message on the channel that is none of ours; absent where nobody else can. */
  sendForeign?(message: string): Promise<void>
  close(): Promise<void>
}

const LIMIT = { timeout: 15_000, interval: 10 }

/** What every bus must do. `setUp` runs once; each test makes its own buses, which are closed after it. */
export function busContract(name: string, setUp: () => Promise<BusBench>, { faults = true } = {}): void {
  describe(`the bus contract over ${name}`, { timeout: 40_000 }, () => {
    let bench: BusBench
    const open: BusLike[] = []
    beforeAll(async () => {
      bench = await setUp()
    }, 60_000)
    afterEach(async () => {
      for (const bus of open.splice(0)) await bus.close()
    })
    afterAll(async () => {
      await bench?.close()
    })

    const listening = async () => {
      const bus = bench.connect()
      open.push(bus)
      const heard: RingLike[] = []
      const leave = bus.subscribe(ring => heard.push(ring))
      await vi.waitUntil(() => bus.connected, LIMIT)
      return { bus, heard, leave }
    }
    const heads = (heard: RingLike[], userId: string) =>
      heard.flatMap(ring => (ring.type === 'feed' && ring.userId === userId ? [ring.head] : []))

    test('a ring reaches every process, its own included', async () => {
      const [a, b] = [await listening(), await listening()]
      await a.bus.ring({ type: 'feed', userId: 'ada', head: 7 })
      for (const { heard } of [a, b]) await vi.waitUntil(() => heads(heard, 'ada').includes(7), LIMIT)
    })

    test('each kind of ring arrives as it was sent', async () => {
      const { bus, heard } = await listening()
      const rings: RingLike[] = [
        { type: 'feed', userId: 'ünïcode, "quoted"\nand more', head: Number.MAX_SAFE_INTEGER },
        { type: 'work' },
        { type: 'signed_out', userId: 'ada', sessionId: 's1' },
        { type: 'signed_out', userId: 'ada', sessionId: null },
      ]
      for (const ring of rings) await bus.ring(ring)
      await vi.waitUntil(() => heard.length >= rings.length, LIMIT)
      expect(heard).toEqual(expect.arrayContaining(rings))
    })

    test('the rings of one user in one turn collapse into the highest head', async () => {
      const { bus, heard } = await listening()
      await Promise.all(
        Array.from({ length: 1_000 }, (_, i) =>
          bus.ring({ type: 'feed', userId: 'ada', head: i === 500 ? 5_000 : i }),
        ),
      )
      await vi.waitUntil(() => heads(heard, 'ada').includes(5_000), LIMIT)
      expect(heads(heard, 'ada').length).toBeLessThan(10)
    })

    test('5,000 users rung in one turn are all heard, whatever fits into one message', async () => {
      const { bus, heard } = await listening()
      await Promise.all(
        Array.from({ length: 5_000 }, (_, i) => bus.ring({ type: 'feed', userId: `user-${i}`, head: i })),
      )
      const users = () => new Set(heard.map(ring => (ring.type === 'feed' ? ring.userId : ''))).size
      await vi.waitUntil(() => users() === 5_000, LIMIT)
    })

    test('a ring with an id that no message can hold is dropped, and the others still arrive', async () => {
      const { bus, heard } = await listening()
      await bus.ring({ type: 'feed', userId: 'x'.repeat(9_000), head: 1 })
      await bus.ring({ type: 'feed', userId: 'ada', head: 2 })
      await vi.waitUntil(() => heads(heard, 'ada').includes(2), LIMIT)
    })

    test('who has left hears nothing more, and who stays does', async () => {
      const { bus, heard, leave } = await listening()
      const others: RingLike[] = []
      bus.subscribe(ring => others.push(ring))
      leave()
      await bus.ring({ type: 'work' })
      await vi.waitUntil(() => others.length > 0, LIMIT)
      expect(heard).toEqual([])
    })

    test('a listener that throws keeps no other from hearing', async () => {
      const bus = bench.connect()
      open.push(bus)
      const heard: RingLike[] = []
      bus.subscribe(() => {
        throw new Error('a fault in a listener')
      })
      bus.subscribe(ring => heard.push(ring))
      await vi.waitUntil(() => bus.connected, LIMIT)
      await bus.ring({ type: 'work' })
      await vi.waitUntil(() => heard.length > 0, LIMIT)
    })

    test('after close it is not connected, rings go nowhere without a fault, and close may be called again', async () => {
      const [a, b] = [await listening(), await listening()]
      await a.bus.close()
      await a.bus.close()
      expect(a.bus.connected).toBe(false)
      await a.bus.ring({ type: 'feed', userId: 'closed', head: 1 })
      await b.bus.ring({ type: 'feed', userId: 'open', head: 1 })
      await vi.waitUntil(() => heads(b.heard, 'open').length > 0, LIMIT)
      expect(heads(b.heard, 'closed')).toEqual([])
      expect(a.heard).toEqual([])
    })

    test('messages of others on the channel are ignored', async context => {
      if (bench.sendForeign === undefined) return context.skip()
      const { bus, heard } = await listening()
      const foreign = [
        '',
        'hello',
        '{',
        '[]',
        '[null,1,"x"]',
        '[{"type":"feed"}]',
        '[{"type":"feed","userId":1,"head":1}]',
      ]
      for (const message of foreign) await bench.sendForeign(message)
      await bus.ring({ type: 'work' })
      await vi.waitUntil(() => heard.length > 0, LIMIT)
      expect(heard).toEqual([{ type: 'work' }])
    })

    describe.runIf(faults)('when the transport fails', () => {
      test('it says so, rings are lost without a fault, and it comes back by itself', async () => {
        const { cut, restore } = needFaults(bench)
        const { bus, heard } = await listening()
        const states: boolean[] = []
        bus.onConnected(connected => states.push(connected))
        await cut()
        await vi.waitUntil(() => !bus.connected, LIMIT)
        await bus.ring({ type: 'feed', userId: 'ada', head: 1 })
        await restore()
        await vi.waitUntil(() => bus.connected, LIMIT)
        expect(states.at(0)).toBe(false)
        expect(states.at(-1)).toBe(true)
        // The sending side may come back a moment later than the listening one: rings until then are lost, as they may be.
        let head = 2
        await vi.waitUntil(async () => {
          await bus.ring({ type: 'feed', userId: 'ada', head: head++ })
          return heard.some(ring => ring.type === 'feed' && ring.head > 1)
        }, LIMIT)
      })

      test('it starts while the transport is down, and connects when that is up', async () => {
        const { cut, restore } = needFaults(bench)
        await cut()
        const bus = bench.connect()
        open.push(bus)
        const heard: RingLike[] = []
        bus.subscribe(ring => heard.push(ring))
        await bus.ring({ type: 'work' })
        expect(bus.connected).toBe(false)
        await restore()
        await vi.waitUntil(() => bus.connected, LIMIT)
      })

      test('a connection that has gone silent is noticed and replaced', async () => {
        const { hang, restore } = needFaults(bench)
        const { bus } = await listening()
        hang()
        await vi.waitUntil(() => !bus.connected, LIMIT)
        await bus.ring({ type: 'work' })
        await restore()
        await vi.waitUntil(() => bus.connected, LIMIT)
      })
    })
  })
}

function needFaults(bench: BusBench): NonNullable<BusBench['faults']> {
  if (bench.faults === undefined)
    throw new Error('This bench has no faults; pass { faults: false } to busContract.')
  return bench.faults
}
