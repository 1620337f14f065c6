import { PROTOCOL_VERSION } from '@inlet/protocol/version'
import { expect, test } from 'vitest'
import { hubBench } from './hub-bench.ts'

test('a stream begins with retry, then hello with the head, then what came after its cursor', async () => {
  const { feed, world, open } = hubBench()
  feed.write('ada', 'a', 'b', 'c')
  const reader = open({ after: 1 })
  expect(reader.events.map(each => each.event)).toEqual(['retry'])
  await world.settle()
  expect(reader.events.map(each => each.event)).toEqual(['retry', 'hello', 'changes'])
  expect(reader.named('hello')[0]).toMatchObject({ id: null, data: { head: 3, protocol: PROTOCOL_VERSION } })
  expect(reader.pages()[0]).toMatchObject({ after: 1, next: 3 })
  expect(reader.faults).toEqual([])
})

test('a reader without a mirror follows from the head', async () => {
  const { feed, hub, world, open } = hubBench()
  feed.write('ada', 'a', 'b')
  const reader = open({ after: null })
  await world.settle()
  expect(reader.pages()).toEqual([])
  hub.ring('ada', feed.write('ada', 'c'))
  await world.settle()
  expect(reader.pages()).toMatchObject([{ after: 2, next: 3 }])
})

test('one read serves all level streams of a user, with the same bytes', async () => {
  const { feed, hub, world, open } = hubBench()
  const readers = [open(), open(), open()]
  await world.settle()
  const reads = feed.follows
  hub.ring('ada', feed.write('ada', 'a'))
  await world.settle()
  expect(feed.follows - reads).toBe(1)
  for (const reader of readers) expect(reader.pages()).toMatchObject([{ after: 0, next: 1 }])
  const writes = readers.map(reader => reader.events.at(-1))
  expect(new Set(writes.map(each => JSON.stringify(each))).size).toBe(1)
})

test('rings during a read leave exactly one more read', async () => {
  const { feed, hub, world, open } = hubBench()
  const reader = open()
  await world.settle()
  const reads = feed.follows
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  // The second pause is after the look at the data: the read under way can not see what comes now.
  let pauses = 0
  feed.pause = () => (++pauses === 2 ? held : Promise.resolve())
  hub.ring('ada', feed.write('ada', 'a'))
  await world.settle()
  for (let i = 0; i < 100; i++) hub.ring('ada', feed.write('ada', `b${i}`))
  await world.settle()
  expect(feed.follows - reads).toBe(1)
  release()
  await world.settle()
  expect(feed.follows - reads).toBe(2)
  expect(reader.cursor).toBe(101)
  expect(reader.faults).toEqual([])
})

test('a doubled, stale or invented ring costs at most one read and changes nothing', async () => {
  const { feed, hub, world, open } = hubBench()
  const head = feed.write('ada', 'a', 'b')
  const reader = open()
  await world.settle()
  const reads = feed.follows
  for (const stale of [head, 1, 0]) hub.ring('ada', stale)
  await world.settle()
  expect(feed.follows - reads).toBe(0)
  hub.ring('ada', 1_000)
  await world.settle()
  expect(feed.follows - reads).toBe(1)
  expect(reader.pages().length).toBe(1)
  hub.ring('ada', feed.write('ada', 'c'))
  await world.settle()
  expect(reader.cursor).toBe(3)
})

test('a stream far behind reads pages of its own and holds nobody up', async () => {
  const { feed, hub, world, open } = hubBench({ pageLimit: 10 })
  feed.write('ada', ...Array.from({ length: 95 }, (_, i) => `row${i}`))
  const level = open({ after: 95 })
  await world.settle()
  const late = open({ after: 0 })
  hub.ring('ada', feed.write('ada', 'new'))
  await world.settle()
  expect(level.pages()).toMatchObject([{ after: 95, next: 96 }])
  expect(late.cursor).toBe(96)
  expect(late.pages().length).toBe(10)
  expect(late.mirror).toEqual(feed.truth('ada'))
  expect(late.faults).toEqual([])
})

test('a cursor below the floor gets resync, and the stream goes on from the head', async () => {
  const { feed, hub, world, open } = hubBench()
  feed.write('ada', 'a', 'b', 'c')
  feed.prune('ada', 2)
  const reader = open({ after: 1 })
  await world.settle()
  expect(reader.events.map(each => each.event)).toEqual(['retry', 'hello', 'resync'])
  expect(reader.named('resync')[0]?.data).toEqual({ floor: 2 })
  hub.ring('ada', feed.write('ada', 'd'))
  await world.settle()
  expect(reader.pages()).toMatchObject([{ after: 3, next: 4 }])
})

test('a cursor above the head, as after a restored backup, gets resync too, level or joining', async () => {
  const { feed, hub, world, open } = hubBench()
  feed.write('ada', 'a', 'b', 'c', 'd')
  const level = open({ after: 4 })
  await world.settle()
  feed.restoreTo('ada', 2)
  const joining = open({ after: 4 })
  await world.settle()
  expect(joining.named('resync').length).toBe(1)
  // The level one finds out when the next change is rung.
  hub.ring('ada', feed.write('ada', 'e'))
  await world.settle()
  hub.ring('ada', feed.write('ada', 'f', 'g'))
  await world.settle()
  expect(joining.cursor).toBe(5)
  expect(level.named('resync').length + level.pages().length).toBeGreaterThan(0)
})

test('a read that fails is tried again; the stream stays open and loses nothing', async () => {
  const { feed, hub, world, open, troubles } = hubBench()
  const reader = open()
  await world.settle()
  feed.fault = new Error('Postgres is restarting.')
  const joining = open()
  hub.ring('ada', feed.write('ada', 'a'))
  await world.advance(20_000)
  expect(reader.ended).toBe(null)
  expect(hub.metrics().pullErrors).toBeGreaterThan(2)
  expect(troubles.length).toBeGreaterThan(2)
  feed.fault = null
  await world.advance(10_000)
  for (const each of [reader, joining]) {
    expect(each.mirror).toEqual(feed.truth('ada'))
    expect(each.faults).toEqual([])
  }
})

test('a read that never answers is given up and made again', async () => {
  const { feed, hub, world, open } = hubBench({ readTimeoutMs: 5_000 })
  const reader = open()
  await world.settle()
  let reads = 0
  feed.pause = () => (reads++ === 0 ? new Promise(() => {}) : Promise.resolve())
  hub.ring('ada', feed.write('ada', 'a'))
  await world.advance(4_000)
  expect(reader.cursor).toBe(0)
  await world.advance(6_000)
  expect(reader.cursor).toBe(1)
})

test('a wave of rings over many users reads only so many feeds at once', async () => {
  const { feed, hub, world, open } = hubBench({ concurrentReads: 4 })
  const users = Array.from({ length: 100 }, (_, i) => `user${i}`)
  const readers = users.map(user => open({ user }))
  await world.settle()
  feed.mostConcurrent = 0
  feed.pause = () => new Promise(resolve => setImmediate(resolve))
  for (const user of users) hub.ring(user, feed.write(user, 'a'))
  for (let i = 0; i < 60; i++) await world.settle()
  expect(feed.mostConcurrent).toBe(4)
  for (const reader of readers) expect(reader.cursor).toBe(1)
})
