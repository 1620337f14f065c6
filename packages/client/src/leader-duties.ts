import { createAcks } from './ack.ts'
import { type ConnectionDriver, createConnectionDriver } from './connection-driver.ts'
import type { ConnectionState } from './connection-types.ts'
import { createFeedSession } from './feed-session.ts'
import { fillTotal } from './fill.ts'
import type { Http } from './http.ts'
import { createOutboxSender } from './outbox-sender.ts'
import type { FeedMeta, MirrorDb } from './tables.ts'
import type { World } from './world.ts'

export interface LeaderDuties {
  driver: ConnectionDriver
  /** Leadership begins: opens the feed and connects. */
  begin(): void
  /** It ends: nothing of it runs on. */
  end(): void
  /** A person, or another tab for one, wants what is new now. */
  hurry(): void
  /** Something may be in the outbox. A ring that is lost costs time only: every tab that asks after us rings too. */
  kickOutbox(): void
}

/** Joins the connection machine to what only the leading tab does: the feed, the outbox and acks. */
export function createLeaderDuties(options: {
  db: MirrorDb
  http: Http
  world: World
  fillLimit: number
  newId(): string
  isNew(): boolean
  onConnection(state: ConnectionState): void
  onFeed(feed: Partial<FeedMeta>): void
  onFillTotal(total: number | null): void
  onHeard(): void
}): LeaderDuties {
  const { db, http, world, onConnection, onFeed, onHeard } = options
  let term: ReturnType<typeof openTerm> | null = null
  let live = false

  const driver = createConnectionDriver({
    world,
    run: (job, token, signal) => term?.session.run(job, token, signal),
    onState(state) {
      onConnection(state)
      // Not with every byte heard: looking into the outbox would hold up the very page that came.
      if (state.name === 'live' && !live) term?.sender.kick()
      live = state.name === 'live'
      if (state.name === 'signed_out') end()
    },
  })
  const signedOut = () => driver.dispatch({ type: 'signed_out' })

  /** Everything that lives exactly as long as one term of leadership. */
  function openTerm() {
    const acks = createAcks(http, world)
    const sender = createOutboxSender({ db, http, world, onSignedOut: signedOut })
    const session = createFeedSession({
      db,
      http,
      world,
      fillLimit: options.fillLimit,
      newEpoch: options.newId,
      isNew: options.isNew,
      dispatch: event => driver.dispatch(event),
      onHeard,
      onFeed(feed) {
        onFeed(feed)
        if (feed.fill) fillTotal(db, options.fillLimit).then(options.onFillTotal, () => {})
        if (typeof feed.cursor === 'number' && feed.cursor > 0) acks.applied(feed.cursor)
      },
    })
    return {
      session,
      sender,
      close() {
        session.stop()
        sender.stop()
        acks.stop()
      },
    }
  }

  function end() {
    term?.close()
    term = null
  }

  /** The database may refuse to open (disk full, private mode): tried again until it does or leadership ends. */
  function open(mine: NonNullable<typeof term>, attempt: number) {
    mine.session.open().then(
      ({ hasCursor }) => {
        if (term === mine) driver.dispatch({ type: 'leader_gained', hasCursor, online: world.online() })
      },
      () => {
        if (term === mine)
          world.setTimer(() => term === mine && open(mine, attempt + 1), 1_000 * Math.min(30, 2 ** attempt))
      },
    )
  }

  return {
    driver,
    begin() {
      end()
      term = openTerm()
      open(term, 0)
    },
    end() {
      end()
      driver.dispatch({ type: 'leader_lost' })
    },
    kickOutbox: () => term?.sender.kick(),
    hurry() {
      driver.fireDue()
      driver.dispatch({ type: 'hurry' })
      term?.sender.kick()
      // The stream will bring it as well, a moment later if the server's own doorbell was lost. What fails here is
      // the stream's to notice.
      if (driver.state().name === 'live') term?.session.pull().catch(() => {})
    },
  }
}
