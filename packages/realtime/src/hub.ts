import { HEARTBEAT_MS } from '@inlet/protocol/stream-events'
import { realWorld, type World } from '@inlet/sync/world'
import type { CloseReason } from './close-reason.ts'
import { Connection } from './connection.ts'
import { FeedAccess } from './feed-access.ts'
import { HeadsPoll } from './heads-poll.ts'
import { type HubMetrics, newCounters } from './hub-metrics.ts'
import { defaultLimits, type HubLimits, type HubOptions } from './hub-options.ts'
import { type SessionAnswer, SessionWatch } from './session-watch.ts'
import type { Sink } from './sink.ts'
import { encodeEvent, encodeOpening, heartbeat } from './sse-encode.ts'
import { UserFeed, type UserFeedContext } from './user-feed.ts'

/** Everything that depends on time happens on this one beat: no stream has a timer of its own. */
const BEAT_MS = 1_000
/** Readers told to come back do so spread over this span. */
const RECONNECT_SPREAD_MS = 2_000

export interface OpenStream {
  userId: string
  sessionId: string
  /** Last-Event-ID or ?after=: the reader's cursor. null: it has none, and follows from the head. */
  after: number | null
  sink: Sink
  /** Shorter than the hub's own, e.g. what is left of the platform's limit. */
  lifetimeMs?: number
}

export interface OpenedStream {
  /** Resolves when the stream has ended, with the reason. Never rejects. */
  readonly closed: Promise<CloseReason>
  close(): void
}

/**
 * All streams of this process. One bus subscription, made with the first stream; one beat.
 * A stream gets every change after its cursor, in seq order, once, for as long as it is open, whatever the bus
 * loses or doubles and however slow the reader is.
 */
export class Hub {
  readonly #options: HubOptions
  readonly #limits: HubLimits
  readonly #world: World
  readonly #counters = newCounters()
  readonly #users = new Map<string, UserFeed>()
  readonly #flushing = new Map<Sink, number>()
  readonly #stopped = new AbortController()
  readonly #userContext: UserFeedContext
  readonly #sessions: SessionWatch
  readonly #heads: HeadsPoll
  readonly #ended = new WeakMap<Connection, (reason: CloseReason) => void>()
  #leaveBus: (() => void) | null = null
  #beating = false
  #sweepAt = 0

  constructor(options: HubOptions) {
    this.#options = options
    this.#limits = { ...defaultLimits, heartbeatMs: HEARTBEAT_MS, ...options.limits }
    this.#world = options.world ?? realWorld
    const { feed, liveSessions } = options
    const { readTimeoutMs, pageLimit, concurrentReads } = this.#limits
    const shared = {
      world: this.#world,
      counters: this.#counters,
      onTrouble: options.onTrouble ?? (() => {}),
    }
    const access = new FeedAccess({ ...shared, feed, pageLimit, readTimeoutMs, concurrency: concurrentReads })
    this.#userContext = { ...shared, access }
    this.#heads = new HeadsPoll({ ...shared, feed, timeoutMs: readTimeoutMs })
    this.#sessions = new SessionWatch({ ...shared, liveSessions, timeoutMs: readTimeoutMs })
  }

  /** Serves the stream until it ends. The caller has authorised `userId` and `sessionId` just now. */
  open(request: OpenStream): OpenedStream {
    const now = this.#world.now()
    const longest = Math.min(request.lifetimeMs ?? this.#limits.lifetimeMs, this.#limits.lifetimeMs)
    const lifetimeMs = longest * (1 - this.#world.random() / 10)
    const { userId, sessionId, after, sink } = request
    const connection = new Connection({ userId, sessionId, cursor: after, sink, now, lifetimeMs })
    connection.sessionDueAt = now + this.#limits.sessionCheckMs * (1 - this.#world.random() / 2)
    const closed = new Promise<CloseReason>(resolve => this.#ended.set(connection, resolve))
    this.#counters.opened++

    const { retryMs } = this.#limits
    connection.send(encodeOpening(retryMs * (1 + this.#world.random())), now, this.#counters)
    const opened: OpenedStream = { closed, close: () => this.#close(connection, 'gone') }
    if (this.#stopped.signal.aborted) {
      this.#close(connection, 'shutdown')
      return opened
    }
    for (const oldest of [...(this.#users.get(userId)?.connections ?? [])]) {
      if ((this.#users.get(userId)?.connections.size ?? 0) < this.#limits.streamsPerUser) break
      this.#close(oldest, 'superseded')
    }
    // Only now: closing a user's last stream ends its feed.
    const user = this.#users.get(userId) ?? new UserFeed(userId, this.#userContext)
    this.#users.set(userId, user)
    sink.onDrain(() => user.drained(connection))
    user.add(connection)
    if (sink.signal.aborted) this.#close(connection, 'gone')
    else sink.signal.addEventListener('abort', () => this.#close(connection, 'gone'), { once: true })
    this.#joinBus()
    this.#startBeating()
    return opened
  }

  /** A ring from within this process, after its commit. */
  ring(userId: string, head: number): void {
    this.#counters.ringsReceived++
    this.#users.get(userId)?.ring(head)
  }

  /** Ends the session's streams here; other processes are told by a `signed_out` ring on the bus. Returns how many. */
  closeSession(sessionId: string): number {
    return this.#closeWhere(connection => connection.sessionId === sessionId)
  }

  closeUser(userId: string): number {
    return this.#closeWhere(connection => connection.userId === userId)
  }

  /** Who has a stream here. */
  viewers(): string[] {
    return [...this.#users.keys()]
  }

  metrics(): HubMetrics {
    let connections = 0
    let behind = 0
    for (const connection of this.#connections()) {
      connections++
      if (connection.phase !== 'level') behind++
    }
    const counters = { ...this.#counters, closed: { ...this.#counters.closed } }
    const pollingHeads = connections > 0 && !this.#options.bus.connected
    return { ...counters, connections, users: this.#users.size, behind, pollingHeads }
  }

  /** Sends every reader to another process and ends. Resolves when all is flushed or torn down. */
  async close(): Promise<void> {
    if (this.#stopped.signal.aborted) return
    this.#stopped.abort(new Error('The hub is closed.'))
    this.#leaveBus?.()
    this.#leaveBus = null
    for (const connection of [...this.#connections()]) this.#close(connection, 'shutdown')
    for (let waited = 0; this.#flushing.size > 0 && waited < this.#limits.flushMs; waited += 50)
      await this.#world.sleep(50)
    for (const sink of this.#flushing.keys()) sink.destroy()
    this.#flushing.clear()
  }

  /** Closing one while this walks is allowed: a Set's and a Map's walk survives deletions. */
  *#connections(): Generator<Connection> {
    for (const user of this.#users.values()) yield* user.connections
  }

  #closeWhere(matches: (connection: Connection) => boolean): number {
    const found = [...this.#connections()].filter(matches)
    for (const connection of found) this.#close(connection, 'signed_out')
    return found.length
  }

  #close(connection: Connection, reason: CloseReason): void {
    if (connection.phase === 'closed') return
    const { sink, userId } = connection
    const last = this.#lastEvent(reason)
    if (last !== null) connection.send(last, this.#world.now(), this.#counters)
    connection.phase = 'closed'
    connection.closeReason = reason
    this.#counters.closed[reason]++
    connection.closing.abort(new Error(`The stream was closed: ${reason}.`))
    if (this.#users.get(userId)?.remove(connection) === 0) this.#users.delete(userId)
    if (!sink.signal.aborted) {
      if (reason === 'stuck') sink.destroy()
      else {
        this.#flushing.set(sink, this.#world.now() + this.#limits.flushMs)
        sink.signal.addEventListener('abort', () => this.#flushing.delete(sink), { once: true })
        sink.close()
      }
    }
    this.#ended.get(connection)?.(reason)
  }

  #lastEvent(reason: CloseReason): Uint8Array | null {
    if (reason === 'signed_out' || reason === 'superseded') return encodeEvent({ event: reason, data: {} })
    if (reason === 'gone' || reason === 'stuck') return null
    const afterMs = Math.round(this.#world.random() * RECONNECT_SPREAD_MS)
    return encodeEvent({ event: 'reconnect', data: { afterMs } })
  }

  #joinBus(): void {
    if (this.#leaveBus !== null) return
    const { bus } = this.#options
    const leaveRings = bus.subscribe(ring => {
      if (ring.type === 'feed') this.ring(ring.userId, ring.head)
      else if (ring.type === 'signed_out') {
        this.#counters.ringsReceived++
        if (ring.sessionId === null) this.closeUser(ring.userId)
        else this.closeSession(ring.sessionId)
      }
    })
    // What was rung before the connection stood is found by a look at the heads.
    const leaveState = bus.onConnected(connected => {
      if (connected) this.#sweepAt = 0
    })
    this.#leaveBus = () => {
      leaveRings()
      leaveState()
    }
  }

  /** Beats while there are streams, so that a process without any owns no timer. */
  #startBeating(): void {
    if (this.#beating) return
    this.#beating = true
    this.#sweepAt = this.#world.now() + this.#limits.sweepMs
    void (async () => {
      while (this.#users.size > 0 || this.#flushing.size > 0) {
        try {
          await this.#world.sleep(BEAT_MS, this.#stopped.signal)
        } catch {
          break
        }
        this.#beat(this.#world.now())
      }
      this.#beating = false
    })()
  }

  #beat(now: number): void {
    const due = new Set<string>()
    for (const connection of this.#connections()) {
      this.#attend(connection, now)
      if (!connection.is('closed') && now >= connection.sessionDueAt) due.add(connection.sessionId)
    }
    if (due.size > 0)
      void this.#sessions.ask([...due], this.#stopped.signal, answer => this.#heardOfSessions(answer))
    for (const [sink, deadline] of this.#flushing) if (now >= deadline) sink.destroy()
    if (this.#heads.running || (this.#options.bus.connected && now < this.#sweepAt)) return
    this.#sweepAt = now + this.#limits.sweepMs
    const found = (userId: string, head: number) => this.#users.get(userId)?.ring(head)
    void this.#heads.run([...this.#users.keys()], this.#stopped.signal, found)
  }

  #attend(connection: Connection, now: number): void {
    const { stuckMs, heartbeatMs, sessionGraceMs } = this.#limits
    const { fullSince } = connection
    if (connection.phase === 'closed') return
    if (fullSince !== null && now - fullSince >= stuckMs) this.#close(connection, 'stuck')
    else if (now >= connection.endsAt) this.#close(connection, 'planned')
    else if (now - connection.sessionSeenAt > sessionGraceMs) this.#close(connection, 'unverified')
    else if (fullSince === null && now - connection.lastWriteAt >= heartbeatMs)
      connection.send(heartbeat, now, this.#counters)
  }

  #heardOfSessions({ asked, live, askedAt }: SessionAnswer): void {
    for (const connection of this.#connections()) {
      if (!asked.has(connection.sessionId)) continue
      if (!live.has(connection.sessionId)) this.#close(connection, 'signed_out')
      connection.sessionSeenAt = askedAt
      connection.sessionDueAt = askedAt + this.#limits.sessionCheckMs
    }
  }
}
