import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hubBench } from './hub-bench.ts'

type Step =
  | { do: 'write'; user: number; rows: number[]; ring: 'lost' | 'once' | 'twice' | 'stale' }
  | { do: 'delete'; user: number; row: number }
  | { do: 'open'; user: number; back: number; capacity: number }
  | { do: 'stall' | 'read' | 'leave'; who: number }
  | { do: 'fault' | 'heal' | 'bus-down' | 'bus-up' }
  | { do: 'wait'; ms: number }
  | { do: 'turns'; count: number }

const user = fc.constantFrom(0, 0, 0, 1)
const who = fc.nat(20)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      user,
      rows: fc.array(fc.nat(12), { minLength: 1, maxLength: 9 }),
      ring: fc.constantFrom('lost', 'once', 'twice', 'stale'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), user, row: fc.nat(12) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      user,
      back: fc.integer({ min: -1, max: 12 }),
      capacity: fc.constantFrom(50, 800, 64_000),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('stall', 'read', 'leave'), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('fault', 'heal', 'bus-down', 'bus-up') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('turns' as const), count: fc.nat(4) }) },
)

/** Reads take as many turns of the loop as the generated list says, before and after they look at the data. */
function slowReads(delays: number[]): () => Promise<void> {
  let next = 0
  return async () => {
    const turns = delays[next++ % delays.length] ?? 0
    for (let turn = 0; turn < turns; turn++) await new Promise<void>(resolve => setImmediate(resolve))
  }
}

const helloHead = (data: unknown) => (data as { head: number } | undefined)?.head ?? Number.NaN

test('whatever is written, lost, slow or broken: each reader gets every change after its cursor, once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
      fc.array(fc.nat(12), { minLength: 1, maxLength: 40, size: 'max' }),
      fc.integer({ min: 1, max: 7 }),
      async (steps, delays, pageLimit) => {
        const limits = {
          pageLimit,
          streamsPerUser: 100,
          stuckMs: 86_400_000,
          lifetimeMs: 86_400_000,
          concurrentReads: 3,
        }
        const { world, feed, bus, hub, open } = hubBench(limits)
        feed.pause = slowReads(delays)
        const readers: { name: string; reader: ReturnType<typeof open>; from: number | null }[] = []
        const names = ['ada', 'ben'] as const
        for (const each of steps) {
          if (each.do === 'write') {
            const name = names[each.user] ?? 'ada'
            const head = feed.write(name, ...each.rows.map(row => `row${row}`))
            if (each.ring === 'stale') hub.ring(name, Math.max(0, head - 3))
            else if (each.ring !== 'lost') hub.ring(name, head)
            if (each.ring === 'twice') void bus.ring({ type: 'feed', userId: name, head })
          } else if (each.do === 'delete') {
            const name = names[each.user] ?? 'ada'
            hub.ring(name, feed.delete(name, `row${each.row}`))
          } else if (each.do === 'open') {
            const name = names[each.user] ?? 'ada'
            const from = each.back < 0 ? null : Math.max(0, feed.head(name) - each.back)
            readers.push({ name, reader: open({ user: name, after: from, capacity: each.capacity }), from })
          } else if (each.do === 'fault') feed.fault = new Error('down')
          else if (each.do === 'heal') feed.fault = null
          else if (each.do === 'bus-down') bus.turn(false)
          else if (each.do === 'bus-up') bus.turn(true)
          else if (each.do === 'wait') await world.advance(each.ms)
          else if (each.do === 'turns')
            for (let turn = 0; turn < each.count; turn++)
              await new Promise<void>(resolve => setImmediate(resolve))
          else if ('who' in each) {
            const chosen = readers[each.who % Math.max(1, readers.length)]?.reader
            if (each.do === 'stall') chosen?.stall()
            else if (each.do === 'read') chosen?.read()
            else chosen?.leave()
          }
        }
        feed.fault = null
        // Draining may take several rounds: what is read fills the sink again.
        for (const { reader } of readers) if (reader.ended === null) reader.read()
        const done = () =>
          readers.every(({ name, reader }) => reader.ended !== null || reader.cursor === feed.head(name))
        // A sweep finds every head within 15 s; what follows takes as long as the slow reads take.
        await world.advance(20_000)
        for (let second = 0; second < 400 && !(done() && hub.metrics().behind === 0); second++)
          await world.advance(1_000)

        for (const { name, reader, from } of readers) {
          expect(reader.faults).toEqual([])
          // I13: its capacity, one page of at most 7 rows, and the frames of opening and closing.
          expect(reader.mostWaiting).toBeLessThan(64_000 + 3_000)
          if (reader.capacity < 1_000) expect(reader.mostWaiting).toBeLessThan(reader.capacity + 3_000)
          if (reader.ended !== null) continue
          expect(reader.cursor).toBe(feed.head(name))
          const start = from ?? helloHead(reader.named('hello')[0]?.data)
          const above = [...feed.truth(name)].filter(([, seq]) => seq > start)
          for (const [row, seq] of above) expect(reader.mirror.get(row)).toBe(seq)
          for (const row of reader.mirror.keys()) expect(feed.truth(name).has(row)).toBe(true)
        }
        expect(hub.metrics().behind).toBe(0)
        await hub.close()
        await world.settle()
        expect(world.sleeping).toBe(0)
      },
    ),
    { numRuns: 300, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  )
}, 40_000)
