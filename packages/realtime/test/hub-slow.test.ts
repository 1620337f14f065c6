import { expect, test } from 'vitest'
import { hubBench } from './hub-bench.ts'

const rows = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `row${from + i}`)

test('a full reader is skipped, then catches up by its cursor when it reads again', async () => {
  const { feed, hub, world, open } = hubBench({ pageLimit: 20 })
  const slow = open({ capacity: 2_000 })
  const quick = open()
  await world.settle()
  slow.stall()
  for (let i = 0; i < 200; i++) {
    hub.ring('ada', feed.write('ada', `row${i}`))
    await world.settle()
  }
  expect(quick.cursor).toBe(200)
  expect(hub.metrics().behind).toBe(1)
  // I13: at most its capacity and one frame more waits, whatever the feed does.
  expect(slow.mostWaiting).toBeLessThan(2_000 + 5_000)
  slow.read()
  await world.settle()
  expect(slow.cursor).toBe(200)
  expect(slow.mirror).toEqual(feed.truth('ada'))
  expect(slow.faults).toEqual([])
  expect(hub.metrics().behind).toBe(0)
})

test('a reader that fills up while catching up gets one page at a time', async () => {
  const { feed, hub, world, open } = hubBench({ pageLimit: 10 })
  feed.write('ada', ...rows(100))
  const slow = open({ capacity: 100 })
  slow.stall()
  await world.settle()
  // The opening, hello and one page.
  expect(hub.metrics().frames).toBe(3)
  const onePage = slow.mostWaiting
  await world.advance(5_000)
  expect(slow.mostWaiting).toBe(onePage)
  // Ten times: each read makes room for the next page only.
  for (let i = 0; i < 10; i++) {
    slow.read()
    slow.stall()
    await world.settle()
  }
  slow.read()
  await world.settle()
  expect(slow.cursor).toBe(100)
  expect(slow.faults).toEqual([])
})

test('a reader that takes nothing for 30 s is torn down, and one that drains in time is not', async () => {
  const { feed, hub, world, open } = hubBench()
  const [stuck, late] = [open({ capacity: 10 }), open({ capacity: 10 })]
  await world.settle()
  stuck.stall()
  late.stall()
  hub.ring('ada', feed.write('ada', ...rows(10)))
  await world.advance(25_000)
  late.read()
  await world.advance(10_000)
  expect(stuck.ended).toBe('destroyed')
  await expect(stuck.stream.closed).resolves.toBe('stuck')
  expect(late.ended).toBe(null)
  expect(hub.metrics()).toMatchObject({ connections: 1, closed: { stuck: 1 } })
})

test('a full reader gets no heartbeats on top', async () => {
  const { feed, hub, world, open } = hubBench()
  const slow = open({ capacity: 10 })
  await world.settle()
  slow.stall()
  hub.ring('ada', feed.write('ada', 'a'))
  await world.settle()
  const waiting = slow.mostWaiting
  await world.advance(28_000)
  expect(slow.mostWaiting).toBe(waiting)
})

test('a reader that a heartbeat has filled gets no page on top, and all of it once it reads', async () => {
  const { feed, hub, world, open } = hubBench()
  const slow = open({ capacity: 1 })
  await world.settle()
  slow.stall()
  await world.advance(16_000)
  const waiting = slow.mostWaiting
  hub.ring('ada', feed.write('ada', ...rows(10)))
  await world.settle()
  expect(slow.mostWaiting).toBe(waiting)
  expect(hub.metrics().behind).toBe(1)
  slow.read()
  await world.settle()
  expect(slow.cursor).toBe(10)
  expect(slow.mirror).toEqual(feed.truth('ada'))
})

test('a sink that throws is torn down, and the others of its user go on', async () => {
  const { feed, hub, world, open } = hubBench()
  const [broken, whole] = [open(), open()]
  await world.settle()
  broken.sink.write = () => {
    throw new Error('a fault in the sink')
  }
  hub.ring('ada', feed.write('ada', 'a'))
  await world.settle()
  expect(broken.ended).toBe('destroyed')
  expect(whole.cursor).toBe(1)
  expect(hub.metrics()).toMatchObject({ connections: 1, closed: { gone: 1 } })
})
