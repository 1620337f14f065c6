import { expect, test } from 'vitest'
import { hubBench } from './hub-bench.ts'

test('a quiet stream gets a comment every 15 s, and all streams together hold one timer', async () => {
  const { world, open } = hubBench()
  const readers = Array.from({ length: 50 }, (_, i) => open({ user: `user${i}`, session: `s${i}` }))
  await world.settle()
  expect(world.sleeping).toBe(1)
  await world.advance(46_000)
  for (const reader of readers) expect(reader.named('comment').length).toBe(3)
  expect(world.sleeping).toBe(1)
})

test('without streams there is no timer left, and the bus was joined once', async () => {
  const { world, bus, open } = hubBench()
  expect(bus.subscriptions).toBe(0)
  const readers = [open(), open({ user: 'ben' })]
  await world.settle()
  for (const reader of readers) reader.leave()
  await world.advance(1_000)
  expect(world.sleeping).toBe(0)
  open()
  await world.settle()
  expect(bus.subscriptions).toBe(1)
})

test('a stream ends with reconnect within the last tenth of its lifetime', async () => {
  for (const random of [0, 0.5, 0.999]) {
    const { world, open } = hubBench({ lifetimeMs: 285_000 }, () => random)
    const reader = open()
    await world.advance(256_000)
    expect(reader.ended).toBe(null)
    await world.advance(30_000)
    expect(reader.ended).toBe('closed')
    expect(reader.events.at(-1)).toMatchObject({ event: 'reconnect' })
    await expect(reader.stream.closed).resolves.toBe('planned')
  }
})

test('the sixth stream of a user closes the oldest, which is told so', async () => {
  const { world, hub, open } = hubBench()
  const readers = Array.from({ length: 6 }, () => open())
  await world.settle()
  expect(readers.map(reader => reader.ended)).toEqual(['closed', null, null, null, null, null])
  expect(readers[0]?.events.at(-1)?.event).toBe('superseded')
  expect(hub.metrics()).toMatchObject({ connections: 5, users: 1, closed: { superseded: 1 } })
})

test('with room for one stream only, the new one works', async () => {
  const { world, feed, hub, open } = hubBench({ streamsPerUser: 1 })
  const [first, second] = [open(), open()]
  await world.settle()
  hub.ring('ada', feed.write('ada', 'a'))
  await world.settle()
  expect(first.ended).toBe('closed')
  expect(second.cursor).toBe(1)
})

test('signing out closes the streams of that session at once, here and by the bus, and of no other', async () => {
  const { world, hub, bus, open } = hubBench()
  const [a, b, c, other] = [
    open({ session: 'a' }),
    open({ session: 'b' }),
    open({ session: 'c' }),
    open({ user: 'ben' }),
  ]
  await world.settle()
  expect(hub.closeSession('a')).toBe(1)
  expect(a.events.at(-1)?.event).toBe('signed_out')
  await bus.ring({ type: 'signed_out', userId: 'ada', sessionId: 'b' })
  expect([a.ended, b.ended, c.ended, other.ended]).toEqual(['closed', 'closed', null, null])
  await bus.ring({ type: 'signed_out', userId: 'ada', sessionId: null })
  expect(c.ended).toBe('closed')
  expect(other.ended).toBe(null)
})

test('nothing is written after signed_out, even by a read that was under way', async () => {
  const { world, feed, hub, open } = hubBench()
  const reader = open()
  await world.settle()
  let release = () => {}
  const held = new Promise<void>(resolve => {
    release = resolve
  })
  feed.pause = () => held
  hub.ring('ada', feed.write('ada', 'secret'))
  await world.settle()
  hub.closeSession('s1')
  release()
  await world.settle()
  expect(reader.events.at(-1)?.event).toBe('signed_out')
  expect(reader.pages()).toEqual([])
  expect(reader.tooLate).toBe(0)
})

test('a session that ended unnoticed loses its streams within 30 s', async () => {
  const { world, sessions, open } = hubBench()
  const [dead, live] = [open({ session: 'dead' }), open({ user: 'ben', session: 'live' })]
  await world.advance(1_000)
  sessions.dead.add('dead')
  await world.advance(30_000)
  expect(dead.events.at(-1)?.event).toBe('signed_out')
  expect(live.ended).toBe(null)
})

test('five streams of one session are asked about once in 15 s', async () => {
  const { world, sessions, open } = hubBench()
  for (let i = 0; i < 5; i++) open()
  await world.advance(16_000)
  expect(sessions.asked).toEqual([['s1']])
  await world.advance(15_000)
  expect(sessions.asked.length).toBe(2)
})

test('all sessions that are due at one beat are asked about in one question, and each answer reaches its own', async () => {
  const { world, sessions, hub, open } = hubBench()
  const readers = Array.from({ length: 30 }, (_, i) => open({ user: `u${i % 10}`, session: `s${i}` }))
  for (const id of ['s3', 's17']) sessions.dead.add(id)
  await world.advance(16_000)
  expect(sessions.asked.map(ids => ids.length)).toEqual([30])
  expect(hub.metrics().sessionChecks).toBe(1)
  const ended = readers.flatMap((reader, i) => (reader.ended === null ? [] : [`s${i}`]))
  expect(ended).toEqual(['s3', 's17'])
  await world.advance(15_000)
  expect(sessions.asked.map(ids => ids.length)).toEqual([30, 28])
})

test('a question names at most 1,000 sessions', async () => {
  const { world, sessions, hub, open } = hubBench()
  for (let i = 0; i < 2_001; i++) open({ user: `u${i}`, session: `s${i}` })
  await world.advance(16_000)
  expect(sessions.asked.map(ids => ids.length)).toEqual([1_000, 1_000, 1])
  expect(new Set(sessions.asked.flat()).size).toBe(2_001)
  expect(hub.metrics().connections).toBe(2_001)
})

test('while a question is under way no second one is asked, and one without an answer is given up', async () => {
  const { world, sessions, troubles, hub, open } = hubBench({ readTimeoutMs: 5_000 })
  open()
  sessions.pause = () => new Promise(() => {})
  await world.advance(16_000)
  expect(sessions.asked.length).toBe(1)
  await world.advance(2_000)
  expect(sessions.asked.length).toBe(2)
  expect(hub.metrics().sessionCheckErrors).toBe(1)
  expect(troubles).toEqual(['Asking about sessions'])
  sessions.pause = async () => {}
  await world.advance(60_000)
  expect(hub.metrics()).toMatchObject({ connections: 1, sessionCheckErrors: 2 })
})

test('while the session store does not answer, a stream is kept for 30 s and then sent to ask again', async () => {
  const { world, sessions, hub, open } = hubBench()
  const reader = open()
  sessions.down = true
  await world.advance(29_000)
  expect(reader.ended).toBe(null)
  await world.advance(4_000)
  expect(reader.events.at(-1)?.event).toBe('reconnect')
  expect(hub.metrics().closed.unverified).toBe(1)
})

test('with the bus down the heads are polled every second, and that shows', async () => {
  const { world, feed, bus, hub, open } = hubBench()
  const readers = ['ada', 'ben'].map(user => open({ user }))
  await world.settle()
  bus.turn(false)
  for (const user of ['ada', 'ben']) feed.write(user, 'a')
  expect(hub.metrics().pollingHeads).toBe(true)
  await world.advance(1_000)
  for (const reader of readers) expect(reader.cursor).toBe(1)
  bus.turn(true)
  expect(hub.metrics().pollingHeads).toBe(false)
})

test('a ring that was lost while the bus was connected is made good by the sweep', async () => {
  const { world, feed, open } = hubBench()
  const reader = open()
  await world.settle()
  feed.write('ada', 'a')
  await world.advance(16_000)
  expect(reader.cursor).toBe(1)
})

test('what was rung before the bus came back is found at once', async () => {
  const { world, feed, bus, open } = hubBench({ sweepMs: 3_600_000 })
  const reader = open()
  await world.advance(2_000)
  feed.write('ada', 'a')
  bus.turn(true)
  await world.advance(1_000)
  expect(reader.cursor).toBe(1)
})

test('closing the hub sends every reader elsewhere and leaves nothing behind', async () => {
  const { world, bus, hub, open } = hubBench()
  const readers = [open(), open({ user: 'ben' })]
  await world.settle()
  await hub.close()
  for (const reader of readers) expect(reader.events.at(-1)?.event).toBe('reconnect')
  expect(hub.metrics()).toMatchObject({ connections: 0, users: 0, closed: { shutdown: 2 } })
  expect(bus.listeners).toBe(0)
  await world.settle()
  expect(world.sleeping).toBe(0)
  const late = open()
  expect(late.events.at(-1)?.event).toBe('reconnect')
  expect(late.ended).toBe('closed')
})

test('a reader that leaves is forgotten, and its end is counted once', async () => {
  const { world, hub, open } = hubBench()
  const reader = open()
  await world.settle()
  reader.leave()
  reader.stream.close()
  await expect(reader.stream.closed).resolves.toBe('gone')
  expect(hub.metrics()).toMatchObject({ connections: 0, users: 0, closed: { gone: 1 } })
})

test('a request that was aborted before its stream opened leaves nothing', async () => {
  const { hub } = hubBench()
  const gone = AbortSignal.abort()
  const sink = { write: () => true, onDrain: () => {}, close: () => {}, destroy: () => {}, signal: gone }
  await expect(hub.open({ userId: 'ada', sessionId: 's', after: 0, sink }).closed).resolves.toBe('gone')
  expect(hub.metrics().connections).toBe(0)
})
