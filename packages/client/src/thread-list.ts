import { ApiFailure } from './api-failure.ts'
import type { LiveMirror } from './live-mirror-types.ts'
import { mirrorView } from './mirror-view.ts'
import { isOverlaid } from './overlay.ts'
import { labelsOfQuery, matcherOf, readThreads } from './queries.ts'
import { keepSameRows } from './same-rows.ts'
import type { SmallTables } from './small-tables.ts'
import { createStore, type ReadableStore, shallowEqual } from './store.ts'
import type { FeedMeta } from './tables.ts'
import { moveWindow } from './thread-window.ts'
import type { ThreadsQuery, ThreadView } from './views.ts'
import type { Written } from './written.ts'

export interface ThreadListState {
  threads: readonly ThreadView[]
  /** There are older ones, here or at the server. */
  more: boolean
  /** Until the first answer of the mirror. */
  loading: boolean
  loadingMore: boolean
  /** Why the last loadMore failed. Calling it again tries again. */
  error: ApiFailure | null
}

export interface ThreadList extends ReadableStore<ThreadListState> {
  loadMore(): void
}

export const emptyThreadList: ThreadListState = {
  threads: [],
  more: false,
  loading: true,
  loadingMore: false,
  error: null,
}

const ALL_MAIL = ''
/** Pages asked of the server by one loadMore while none of their threads matches (unread only, say). */
const PAGES_PER_LOAD = 4

/**
 * A growing, live list of threads. What the mirror holds without gaps is shown at once; below that, pages are
 * fetched and stored, and the list reaches as far down as every one of its labels was fetched. Older threads
 * that happen to be stored (fetched for another list) stay hidden until then: they would show with gaps between.
 */
export function createThreadList(mirror: LiveMirror, query: ThreadsQuery): ThreadList {
  const step = query.limit ?? 50
  const store = createStore(emptyThreadList, shallowEqual)
  const view = mirrorView(mirror.db)
  /** By label: the time down to which the server was asked; -Infinity at its end. */
  const fetched = new Map<string, number>()
  let limit = step
  let localMore = false
  let leave = () => {}
  let listeners = 0
  let aborter = new AbortController()
  /** What the rows shown were read for; null while they lie under unconfirmed changes, or are being read. */
  let basis: Basis | null = null
  let reading = false
  let again = false
  let fetching = false

  const reachOf = (labels: readonly string[], horizon: number) =>
    Math.min(horizon, Math.max(Number.NEGATIVE_INFINITY, ...labels.map(id => fetched.get(id) ?? horizon)))

  function basisOf(tables: SmallTables): Basis {
    const labelIds = labelsOfQuery(tables.labelViews, query)
    const labels = labelIds ?? [ALL_MAIL]
    const reach = reachOf(labels, horizonOf(tables.feed))
    const begun = tables.feed?.cursor !== null
    return { labelIds, reach, limit, begun, atServer: labels.length > 0 && reach > 0 }
  }

  function show(threads: readonly ThreadView[], more: boolean, { atServer, begun }: Basis) {
    const { loadingMore, error } = store.getSnapshot()
    localMore = more
    store.set({
      threads,
      more: more || (atServer && begun),
      loading: !begun,
      loadingMore: loadingMore && fetching,
      error,
    })
  }

  /** Reads until nothing was committed meanwhile. */
  async function read() {
    again = true
    basis = null
    if (reading) return
    reading = true
    while (again && !aborter.signal.aborted) {
      const { signal } = aborter
      again = false
      const { tables, loading, error } = view.getSnapshot()
      if (loading) break
      try {
        if (error !== null) throw new Error(error)
        const now = basisOf(tables)
        const [page, held] = await Promise.all([
          readThreads(mirror.db, tables, query, limit, Math.max(0, now.reach)),
          // A thread that was asked for by its address may be here before the first page.
          now.begun ? 0 : mirror.db.threads.count(),
        ])
        if (signal.aborted) continue
        if (!again && !isOverlaid(tables.outbox) && held === 0) basis = now
        show(keepSameRows(store.getSnapshot().threads, page.threads), page.more, now)
      } catch (failure) {
        if (!signal.aborted) store.set({ ...store.getSnapshot(), loading: false, error: asFailure(failure) })
      }
    }
    reading = false
  }

  function onCommit(written: Written | null) {
    if (!written || !basis || !follow(basis, written)) void read()
  }

  /** Whether the rows shown could be moved by what was written, without reading. */
  function follow(old: Basis, { threads: changes }: Written): boolean {
    const { tables } = view.getSnapshot()
    const { threads } = store.getSnapshot()
    const now = basisOf(tables)
    // The first rows of a mirror are all that it holds, whatever the list.
    if (old.begun) {
      if (!sameLabels(old.labelIds, now.labelIds) || old.limit !== now.limit) return false
      // Reaching further down adds threads below those shown: of no consequence while there is no room for them.
      if (now.reach > old.reach || (now.reach < old.reach && !localMore)) return false
    }
    const matches = matcherOf(query, now.labelIds, Math.max(0, now.reach))
    const window = moveWindow({ threads, more: localMore }, changes, matches, limit)
    if (!window) return false
    basis = now
    show(window.threads, window.more, now)
    return true
  }

  async function fetchOlder(signal: AbortSignal) {
    const before = store.getSnapshot().threads.length
    for (let page = 0; page < PAGES_PER_LOAD; page++) {
      const { tables } = view.getSnapshot()
      const horizon = horizonOf(tables.feed)
      const labels = labelsOfQuery(tables.labelViews, query) ?? [ALL_MAIL]
      const open = labels.filter(id => (fetched.get(id) ?? horizon) > 0)
      if (open.length === 0) return
      await Promise.all(open.map(id => fetchPage(id, Math.min(horizon, fetched.get(id) ?? horizon), signal)))
      const oldest = Math.max(0, reachOf(labels, horizon))
      const { threads } = await readThreads(mirror.db, view.getSnapshot().tables, query, limit, oldest)
      if (threads.length > before) return
    }
  }

  async function fetchPage(labelId: string, reach: number, signal: AbortSignal) {
    const older = {
      ...(labelId === ALL_MAIL ? {} : { labelId }),
      ...(query.accountId === undefined ? {} : { accountId: query.accountId }),
      // Threads of the very millisecond may be on both sides of the edge: ask for them again.
      ...(Number.isFinite(reach) ? { before: reach + 1 } : {}),
      limit: step,
    }
    const { next } = await mirror.loadOlder(older, signal)
    // A page that ends where it began (a full page of one millisecond) must still move down.
    fetched.set(labelId, next === null ? Number.NEGATIVE_INFINITY : Math.min(next, reach - 1))
  }

  return {
    getSnapshot: store.getSnapshot,
    subscribe(listener) {
      const unsubscribe = store.subscribe(listener)
      if (listeners++ === 0) {
        aborter = new AbortController()
        leave = view.onCommit(onCommit)
        void read()
      }
      return () => {
        unsubscribe()
        if (--listeners > 0) return
        leave()
        aborter.abort()
      }
    },
    loadMore() {
      const state = store.getSnapshot()
      if (state.loading || state.loadingMore || !state.more) return
      limit = state.threads.length + step
      store.set({ ...state, loadingMore: true, error: null })
      if (localMore) return void read()
      fetching = true
      const { signal } = aborter
      fetchOlder(signal)
        .then(
          () => null,
          error => (signal.aborted ? null : asFailure(error)),
        )
        .then(error => {
          fetching = false
          store.set({ ...store.getSnapshot(), loadingMore: false, error })
          if (!signal.aborted) void read()
        })
    },
  }
}

interface Basis {
  labelIds: readonly string[] | null
  /** Down to this time. */
  reach: number
  limit: number
  /** The mirror has its first page. While a basis has not, the mirror holds no thread at all. */
  begun: boolean
  /** The server has older ones. */
  atServer: boolean
}

function sameLabels(a: readonly string[] | null, b: readonly string[] | null): boolean {
  return a === b || (a !== null && b !== null && a.length === b.length && a.every((id, i) => id === b[i]))
}

/** Without a feed row (a database filled by hand) and after a complete fill there is no gap anywhere. */
function horizonOf(meta: FeedMeta | null): number {
  if (!meta || (meta.fill.position === null && !meta.fill.limited && meta.cursor !== null))
    return Number.NEGATIVE_INFINITY
  return meta.fill.horizon ?? Number.POSITIVE_INFINITY
}

function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure
    ? error
    : new ApiFailure('internal', `Reading the mirror failed: ${error}`)
}
