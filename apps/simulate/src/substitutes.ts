import type { MirrorDb } from '@inlet/client/tables'
import type { Sink } from '@inlet/realtime/sink'
import type { Bus } from '@inlet/sync/bus-port'
import type { MailProvider } from '@inlet/sync/engine'
import type { FeedReader } from '@inlet/sync/feed-port'
import { plan } from '@inlet/sync/plan'
import { placeMessages } from '@inlet/sync/plan-places'
import type { Store } from '@inlet/sync/store-port'
import type { MemoryState } from '@inlet/testkit/memory-store/state'
import type { Clock } from './clock.ts'
import type { Mailbox } from './mailbox.ts'
import type { Process } from './process.ts'

export type Scene = {
  clock: Clock
  state: MemoryState
  mailboxes: ReadonlyMap<string, Mailbox>
  process: Process
}

/**
 * Where a planted bug goes in: each dependency passes through one of these before the code under test gets it. The
 * monitor looks from outside of them.
 */
export type Substitutes = {
  plan: typeof plan
  place: typeof placeMessages
  store: (store: Store, scene: Scene) => Store
  provider: (provider: MailProvider, scene: Scene) => MailProvider
  /** What the hub reads. */
  hubFeed: (feed: FeedReader, scene: Scene) => FeedReader
  /** What the routes read. */
  routeFeed: (feed: FeedReader, scene: Scene) => FeedReader
  hubBus: (bus: Bus, scene: Scene) => Bus
  sink: (sink: Sink) => Sink
  mirror: (db: MirrorDb, scene: Scene) => MirrorDb
  fetch: (fetch: typeof globalThis.fetch, scene: Scene) => typeof globalThis.fetch
  /** The webhook route: answers whether it acknowledges. */
  push: (receive: () => Promise<boolean>, scene: Scene) => Promise<boolean>
}

export const nothingSubstituted: Substitutes = {
  plan,
  place: placeMessages,
  store: store => store,
  provider: provider => provider,
  hubFeed: feed => feed,
  routeFeed: feed => feed,
  hubBus: bus => bus,
  sink: sink => sink,
  mirror: db => db,
  fetch: fetch => fetch,
  push: receive => receive(),
}
