import type { Change, ChangesPage } from '@inlet/protocol/changes'
import type { FeedReader } from '@inlet/sync/feed-port'
import { isCursorTooOld } from '@inlet/sync/feed-port'
import { changesAfter } from '@inlet/testkit/memory-store/feed-reader'
import type { Scene } from '../substitutes.ts'
import type { Mutant } from './mutant.ts'

/** A feed whose pages are changed on their way to every reader. */
const paging = (change: (page: ChangesPage, scene: Scene) => ChangesPage) => {
  const wrap = (inner: FeedReader, scene: Scene): FeedReader => ({
    ...inner,
    follow: async (userId, after, limit, signal) =>
      change(await inner.follow(userId, after, limit, signal), scene),
  })
  return { hubFeed: wrap, routeFeed: wrap }
}

function floorless(inner: FeedReader, { state }: Scene): FeedReader {
  return {
    ...inner,
    async follow(userId, after, limit, signal) {
      try {
        return await inner.follow(userId, after, limit, signal)
      } catch (error) {
        const user = state.users.get(userId)
        if (!isCursorTooOld(error) || !user || after > user.head) throw error
        const { head, floor } = user
        const found = changesAfter(user, after)
        const changes = found.slice(0, limit)
        const more = found.length > limit
        return { after, changes, next: more ? (changes.at(-1)?.seq ?? after) : head, head, floor, more }
      }
    },
  }
}

/** The message of that seq, whoever has one. */
function messageAt({ state }: Scene, change: Change): Change {
  if (change.kind !== 'message' || change.op !== 'upsert') return change
  for (const user of state.users.values())
    for (const { row, seq } of user.messages.values())
      if (seq === change.seq) return { ...change, id: row.id, row }
  return change
}

/** Bugs in the feed, the hub's doorbell and the webhook. */
export const feedMutants: Mutant[] = [
  {
    name: 'seq-before-commit',
    breaks: 'I2',
    what: 'a reader sees the head of a commit whose first row is not visible yet',
    substitutes: paging((page, { clock }) => {
      if (page.changes.length < 2 || page.more || clock.now() % 3 !== 0) return page
      return { ...page, changes: page.changes.slice(1) }
    }),
  },
  {
    name: 'page-ends-at-head',
    breaks: 'I2',
    what: 'a page that is cut at its limit leads to the head',
    substitutes: paging(page => (page.more ? { ...page, next: page.head, more: false } : page)),
  },
  {
    name: 'deletions-not-fed',
    breaks: 'I2',
    what: 'tombstones are not in the feed',
    substitutes: paging(page => ({
      ...page,
      changes: page.changes.filter(change => change.op === 'upsert'),
    })),
  },
  {
    name: 'rows-by-seq-alone',
    breaks: 'I11',
    what: 'a page looks its messages up by their seq and not by their user',
    substitutes: paging((page, scene) => ({
      ...page,
      changes: page.changes.map(change => messageAt(scene, change)),
    })),
  },
  {
    name: 'floor-ignored',
    breaks: 'I13',
    what: 'a cursor below the floor is answered as if nothing had been pruned',
    substitutes: { hubFeed: floorless, routeFeed: floorless },
  },
  {
    name: 'lost-ring-never-found',
    breaks: 'I3',
    what: 'the hub trusts the bus: nobody looks at the heads',
    substitutes: { hubFeed: inner => ({ ...inner, heads: async () => new Map<string, number>() }) },
  },
  {
    name: 'ring-during-pull-skipped',
    breaks: 'I3',
    what: 'a ring that comes while the hub reads is dropped',
    substitutes: ringsDuringPullDropped(),
  },
  {
    name: 'push-answered-first',
    breaks: 'I6',
    what: 'a webhook is answered, and its mark is written afterwards',
    substitutes: {
      push: async (receive, { clock }) => {
        clock.after(20, () => void receive())
        return true
      },
    },
  },
  {
    name: 'sink-never-full',
    breaks: 'I13',
    what: 'a stream goes on being written to however much waits in it',
    substitutes: {
      sink: sink => ({
        ...sink,
        signal: sink.signal,
        write: bytes => {
          sink.write(bytes)
          return true
        },
      }),
    },
  },
  {
    name: 'full-sink-drops',
    breaks: 'I13',
    what: 'what does not fit into a stream is thrown away',
    substitutes: {
      sink: sink => {
        let writes = 0
        // Every fifth page finds the buffer full.
        return {
          ...sink,
          signal: sink.signal,
          write: bytes => (bytes[0] === 105 && ++writes % 5 === 0 ? true : sink.write(bytes)),
        }
      },
    },
  },
]

function ringsDuringPullDropped(): Mutant['substitutes'] {
  const reading = new WeakMap<object, number>()
  const count = ({ process }: Scene, by: number) => reading.set(process, (reading.get(process) ?? 0) + by)
  return {
    hubFeed: (inner, scene) => ({
      ...inner,
      follow: async (userId, after, limit, signal) => {
        count(scene, 1)
        try {
          return await inner.follow(userId, after, limit, signal)
        } finally {
          count(scene, -1)
        }
      },
    }),
    hubBus: (inner, scene) => ({
      ring: ring => inner.ring(ring),
      subscribe: listener =>
        inner.subscribe(ring => {
          if ((reading.get(scene.process) ?? 0) === 0) listener(ring)
        }),
      get connected() {
        return inner.connected
      },
      onConnected: listener => inner.onConnected(listener),
      close: () => inner.close(),
    }),
  }
}
