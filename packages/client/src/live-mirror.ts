import { MessagesPage } from '@inlet/protocol/messages-api'
import { SyncResponse } from '@inlet/protocol/sync-api'
import type { ZodType } from 'zod'
import { ApiFailure } from './api-failure.ts'
import { loadBody } from './bodies.ts'
import { viewOf } from './connection-view.ts'
import { beginWithFeed, openFeed } from './feed-meta.ts'
import { filledBefore } from './filled-before.ts'
import { createHttp } from './http.ts'
import { campaign } from './leader.ts'
import { createLeaderDuties } from './leader-duties.ts'
import type { LiveMirror, OlderQuery } from './live-mirror-types.ts'
import { applyExtra } from './mirror.ts'
import { initialMirrorState } from './mirror-state.ts'
import { dismiss, enqueue, requeue } from './outbox.ts'
import { createStateBoard } from './state-board.ts'
import { databaseName, MirrorDb } from './tables.ts'
import { joinTabs } from './tabs.ts'
import { MIRROR_TABLES, transact } from './transact.ts'
import { browserWorld, type World } from './world.ts'

export interface LiveMirrorOptions {
  userId: string
  /** Origin of the API without a slash at the end; '' is the page's own. */
  baseUrl?: string
  fetch?: typeof fetch
  world?: World
  storage?: { indexedDB: IDBFactory; IDBKeyRange: typeof IDBKeyRange }
  /** Messages that a new mirror is filled with at most. */
  fillLimit?: number
}

export const FILL_LIMIT = 50_000

/** "Heard from the server" need not be finer: each change of the state renders whoever shows it, amid arriving mail. */
const HEARD_EVERY_MS = 1_000
/** Sync now waits for the provider: the server answers when the runs are over, or after its own limit. */
const SYNC_TIMEOUT_MS = 60_000
/** Deleting waits for other tabs to close the database; a frozen one does so only when it thaws. */
const DELETE_LIMIT_MS = 3_000

/** Touches nothing until start(): safe to call while rendering, also on a server. */
export function createLiveMirror(options: LiveMirrorOptions): LiveMirror {
  const { userId, baseUrl = '', fillLimit = FILL_LIMIT } = options
  const world = options.world ?? browserWorld()
  const db = new MirrorDb(userId, options.storage)
  beginWithFeed(db, newId())
  const http = createHttp({ baseUrl, fetch: options.fetch ?? ((...args) => fetch(...args)), world })
  const stopped = new AbortController()
  const name = databaseName(userId)
  const filled = filledBefore(world.memory, name)
  let running: { close(): void } | null = null
  let leader = false

  const board = createStateBoard(initialMirrorState, state => tabs?.tell(state))
  let tabs: ReturnType<typeof joinTabs> | null = null

  const duties = createLeaderDuties({
    db,
    http,
    world,
    fillLimit,
    newId,
    isNew: () => filled.isNever(),
    onConnection(state) {
      const view = viewOf(state)
      // As follower the machine knows nothing: what counts then is what the leader tells.
      if (leader || view.phase === 'signed_out') board.change({ ...view, leader })
    },
    onFeed(feed) {
      if (typeof feed.cursor === 'number') filled.note()
      board.feed(feed)
    },
    onFillTotal: total => board.fillTotal(total),
    onHeard() {
      const now = world.now()
      if (now - heardAt < HEARD_EVERY_MS) return
      heardAt = now
      board.change({ lastEventAt: now })
    },
  })

  let heardAt = Number.NEGATIVE_INFINITY

  function start() {
    if (running || stopped.signal.aborted) return
    board.change({ since: world.now() })
    // Another tab signs out and deletes the database. Closing with autoOpen off is the fence: a write that comes
    // late is refused instead of creating the database anew.
    db.on('versionchange', event => {
      if (event.newVersion === null) signedOutElsewhere()
      else db.close({ disableAutoOpen: true })
      // Dexie's own listener comes after this one, and would let the database open itself again.
      return false
    })
    tabs = joinTabs({
      world,
      name,
      isLeader: () => leader,
      onAsked(what) {
        if (what === 'hurry') duties.hurry()
        else duties.driver.fireDue()
        duties.kickOutbox()
        tabs?.tell(board.store.getSnapshot())
      },
      onState: state => board.replace({ ...state, leader: false }),
      onLeaderSilent: () => leadership.steal(),
      onSignedOut: signedOutElsewhere,
    })
    duties.driver.dispatch({ type: 'started' })
    const leadership = campaign({
      locks: world.locks,
      name,
      onGained() {
        leader = true
        board.change({ leader })
        duties.begin()
      },
      onLost() {
        leader = false
        duties.end()
        board.change({ leader })
      },
    })
    const unlisten = world.listen(signal => duties.driver.dispatch({ type: signal }))
    running = {
      close() {
        unlisten()
        leader = false
        duties.end()
        duties.driver.stop()
        leadership.stop()
        tabs?.close()
      },
    }
  }

  function ringOutbox() {
    if (leader) duties.kickOutbox()
    else tabs?.ringOutbox()
  }

  function end() {
    stopped.abort()
    running?.close()
    running = null
  }

  function signedOutElsewhere() {
    end()
    db.close({ disableAutoOpen: true })
    board.replace({ ...initialMirrorState, phase: 'signed_out', since: world.now() })
  }

  /** Present epoch, for writes of rows that this tab fetched itself. */
  const epoch = async () => (await openFeed(db, newId())).epoch

  async function fetchRows(path: string, schema: ZodType<MessagesPage>, signal?: AbortSignal) {
    return http.request({ path, schema, signal: either(signal) })
  }

  const either = (signal?: AbortSignal) =>
    signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal

  return {
    userId,
    db,
    state: board.store,
    start,
    async stop() {
      end()
      db.close({ disableAutoOpen: true })
    },
    async mutate(body) {
      const clientId = newId()
      await enqueue(db, body, { clientId, now: world.now() })
      ringOutbox()
      return clientId
    },
    async retryMutation(oldClientId) {
      const clientId = newId()
      await requeue(db, oldClientId, { clientId, now: world.now() })
      ringOutbox()
      return clientId
    },
    dismissMutation: clientId => dismiss(db, clientId),
    async syncNow(accountId) {
      const response = await http.request({
        path: '/api/sync',
        method: 'POST',
        body: accountId === undefined ? {} : { accountId },
        schema: SyncResponse,
        signal: stopped.signal,
        timeoutMs: SYNC_TIMEOUT_MS,
      })
      if (leader) duties.hurry()
      else tabs?.hurry()
      return response
    },
    body: (messageId, signal) => loadBody(db, http, messageId, { now: world.now, signal: either(signal) }),
    async loadOlder(query, signal) {
      const before = await epoch()
      const page = await fetchRows(`/api/messages?${searchParams(query)}`, MessagesPage, signal)
      const stored = await applyExtra(db, before, page.changes, world.now())
      if (!stored) throw new ApiFailure('conflict', 'The mirror was started anew meanwhile. Try again.')
      return { next: page.next, added: stored.added }
    },
    async search(q, { accountId, limit } = {}, signal) {
      const query = searchParams({ q, accountId, limit })
      return (await fetchRows(`/api/search?${query}`, MessagesPage, signal)).changes
    },
    async signOut() {
      tabs?.signOut()
      end()
      filled.forget()
      board.replace({ ...initialMirrorState, phase: 'signed_out', since: world.now() })
      // Emptied first: that needs no other tab's consent, and fences every writer that began before.
      const all = [...MIRROR_TABLES, 'outbox'] as const
      await transact(db, all, async tables => {
        for (const table of all) await tables[table].clear()
      }).catch(() => {})
      db.close({ disableAutoOpen: true })
      await Promise.race([
        db.delete({ disableAutoOpen: true }),
        new Promise<void>(resolve => world.setTimer(resolve, DELETE_LIMIT_MS)),
      ])
    },
  }
}

/** 128 random bits in the alphabet of ClientId. Not randomUUID, which a page served over plain HTTP does not have. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

function searchParams(
  query: OlderQuery | { q: string; accountId?: string | undefined; limit?: number | undefined },
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return new URLSearchParams(given.map(([key, value]): [string, string] => [key, String(value)])).toString()
}
