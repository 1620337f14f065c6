import { ChangesQuery } from '@inlet/protocol/changes'
import { type ErrorCode, errorStatus } from '@inlet/protocol/errors'
import { MutationsRequest } from '@inlet/protocol/mutations'
import { Hub } from '@inlet/realtime/hub'
import type { Sink } from '@inlet/realtime/sink'
import type { Engine } from '@inlet/sync/engine'
import { type FeedReader, isCursorTooOld, isInvalidCursor } from '@inlet/sync/feed-port'
import { pushEvent } from '@inlet/sync/push-event'
import { receivePush } from '@inlet/sync/receive-push'
import type { Ring } from './mailbox.ts'
import type { Process } from './process.ts'
import type { Trace } from './trace.ts'

export type Answer = { status: number; body: string; retryAfter?: number }
export type Request = { userId: string; path: string; body: string | null }

/** How much of a page the server gives at most: small, so that everything comes in several pages. */
export type PageSizes = { follow: number; fill: number }

/**
 * A web process: the real hub, and what the routes do between HTTP and the ports (a few lines each, written here again
 * because the routes themselves belong to Next).
 */
export class WebServer {
  readonly process: Process
  readonly #engine: Engine
  readonly #feed: FeedReader
  readonly #hub: Hub
  readonly #pages: PageSizes
  /** Connections that break when the process dies. */
  readonly #open = new Set<() => void>()

  constructor(options: {
    process: Process
    engine: Engine
    feed: FeedReader
    hubFeed: FeedReader
    pages: PageSizes
    streamMs: number
    trace: Trace
  }) {
    this.process = options.process
    this.#engine = options.engine
    this.#feed = options.feed
    this.#pages = options.pages
    this.#hub = new Hub({
      feed: options.hubFeed,
      bus: options.engine.bus,
      world: options.engine.world,
      liveSessions: async sessionIds => new Set(sessionIds),
      onTrouble: (what, error) => options.trace.say(options.process.name, `${what}: ${String(error)}`),
      limits: { pageLimit: options.pages.follow, lifetimeMs: options.streamMs },
    })
    this.process.onDeath(() => {
      for (const broken of [...this.#open]) broken()
    })
  }

  /** Tells `broken` when the process dies while the connection stands. */
  connect(broken: () => void): () => void {
    this.#open.add(broken)
    return () => void this.#open.delete(broken)
  }

  async answer({ userId, path, body }: Request): Promise<Answer> {
    await this.process.gate()
    const url = new URL(path, 'http://inlet')
    const { store, world } = this.#engine
    try {
      if (url.pathname === '/api/changes/ack') return { status: 204, body: '' }
      if (url.pathname === '/api/changes') {
        const { after, before, limit } = ChangesQuery.parse(Object.fromEntries(url.searchParams))
        const page =
          before === undefined
            ? await this.#feed.follow(userId, after ?? 0, Math.min(limit, this.#pages.follow))
            : await this.#feed.fill(userId, before, Math.min(limit, this.#pages.fill))
        return { status: 200, body: JSON.stringify(page) }
      }
      if (url.pathname === '/api/mutations') {
        const { mutations } = MutationsRequest.parse(JSON.parse(body ?? ''))
        return {
          status: 200,
          body: JSON.stringify({ results: await store.addMutations(userId, mutations, world.now()) }),
        }
      }
      return failure('not_found', `There is no ${url.pathname}.`)
    } catch (error) {
      if (isCursorTooOld(error)) return failure('cursor_too_old', error.message)
      if (isInvalidCursor(error)) return failure('invalid_cursor', error.message)
      return failure('internal', String(error))
    }
  }

  stream(userId: string, after: number | null, sink: Sink): void {
    this.#hub.open({ userId, sessionId: `session of ${userId}`, after, sink })
  }

  /** Answers 2xx (true) once the push is durable. */
  async push(ring: Ring, pushId: string): Promise<boolean> {
    await this.process.gate()
    try {
      await receivePush(
        this.#engine,
        pushEvent(ring.provider, { kind: 'notice', notice: { ...ring, pushId } }),
      )
      return true
    } catch {
      return false
    }
  }
}

export function failure(code: ErrorCode, message: string): Answer {
  return { status: errorStatus[code], body: JSON.stringify({ error: { code, message } }) }
}
