import { Hub } from '../src/hub.ts'
import type { HubLimits } from '../src/hub-options.ts'
import { FakeBus } from './fake-bus.ts'
import { FakeReader } from './fake-reader.ts'
import { FakeWorld } from './fake-world.ts'
import { MemoryFeed } from './memory-feed.ts'

/** A hub over a feed in memory, with a clock, a bus and sessions that the test owns. */
export function hubBench(limits: Partial<HubLimits> = {}, random: () => number = () => 0.5) {
  const world = new FakeWorld(random)
  const feed = new MemoryFeed()
  const bus = new FakeBus()
  const sessions = {
    dead: new Set<string>(),
    down: false,
    asked: [] as string[][],
    pause: async (): Promise<void> => {},
  }
  const troubles: string[] = []
  const hub = new Hub({
    feed,
    bus,
    world,
    limits,
    onTrouble: what => troubles.push(what),
    liveSessions: async sessionIds => {
      sessions.asked.push(sessionIds)
      await sessions.pause()
      if (sessions.down) throw new Error('The session store is down.')
      return new Set(sessionIds.filter(id => !sessions.dead.has(id)))
    },
  })
  const open = (
    options: { user?: string; session?: string; after?: number | null; capacity?: number } = {},
  ) => {
    const { user = 'ada', session = 's1', after = 0, capacity } = options
    const reader = new FakeReader(after, capacity)
    const stream = hub.open({ userId: user, sessionId: session, after, sink: reader.sink })
    return Object.assign(reader, { stream })
  }
  return { world, feed, bus, sessions, troubles, hub, open }
}
