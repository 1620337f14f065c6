import { liveQuery } from 'dexie'
import { ApiFailure } from './api-failure.ts'
import type { LiveMirror } from './live-mirror-types.ts'
import { labelsOfQuery, readThreads } from './queries.ts'
import { keepSameRows } from './same-rows.ts'
import { createStore, type ReadableStore, shallowEqual } from './store.ts'
import type { FeedMeta } from './tables.ts'
import type { ThreadsQuery, ThreadView } from './views.ts'

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
  /** By label: the time down to which the server was asked; -Infinity at its end. */
  const fetched = new Map<string, number>()
  let limit = step
  let localMore = false
  let subscription: { unsubscribe(): void } | null = null
  let listeners = 0
  let aborter = new AbortController()

  const reachOf = (labels: readonly string[], horizon: number) =>
    Math.min(horizon, Math.max(Number.NEGATIVE_INFINITY, ...labels.map(id => fetched.get(id) ?? horizon)))

  async function read() {
    const meta = await mirror.db.meta.get('feed')
    const labels = (await labelsOfQuery(mirror.db, query)) ?? [ALL_MAIL]
    const reach = reachOf(labels, horizonOf(meta))
    const page = await readThreads(mirror.db, query, limit, Math.max(0, reach))
    const empty = meta?.cursor === null
    return { ...page, atServer: !empty && labels.length > 0 && reach > 0, loading: empty }
  }

  function follow() {
    subscription?.unsubscribe()
    subscription = liveQuery(read).subscribe({
      next(page) {
        const { threads, loadingMore } = store.getSnapshot()
        localMore = page.more
        store.set({
          threads: keepSameRows(threads, page.threads),
          more: page.more || page.atServer,
          loading: page.loading,
          loadingMore: loadingMore && fetching,
          error: store.getSnapshot().error,
        })
      },
      error: error => store.set({ ...store.getSnapshot(), loading: false, error: asFailure(error) }),
    })
  }

  let fetching = false
  async function fetchOlder(signal: AbortSignal) {
    const before = store.getSnapshot().threads.length
    for (let page = 0; page < PAGES_PER_LOAD; page++) {
      const meta = await mirror.db.meta.get('feed')
      const horizon = horizonOf(meta)
      const labels = (await labelsOfQuery(mirror.db, query)) ?? [ALL_MAIL]
      const open = labels.filter(id => (fetched.get(id) ?? horizon) > 0)
      if (open.length === 0) return
      await Promise.all(open.map(id => fetchPage(id, Math.min(horizon, fetched.get(id) ?? horizon), signal)))
      const { threads } = await readThreads(mirror.db, query, limit, Math.max(0, reachOf(labels, horizon)))
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
        follow()
      }
      return () => {
        unsubscribe()
        if (--listeners > 0) return
        subscription?.unsubscribe()
        subscription = null
        aborter.abort()
      }
    },
    loadMore() {
      const state = store.getSnapshot()
      if (state.loading || state.loadingMore || !state.more) return
      limit = state.threads.length + step
      store.set({ ...state, loadingMore: true, error: null })
      if (localMore) return follow()
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
          if (!signal.aborted) follow()
        })
    },
  }
}

/** Without a feed row (a database filled by hand) and after a complete fill there is no gap anywhere. */
function horizonOf(meta: FeedMeta | undefined): number {
  if (!meta || (meta.fill.position === null && !meta.fill.limited && meta.cursor !== null))
    return Number.NEGATIVE_INFINITY
  return meta.fill.horizon ?? Number.POSITIVE_INFINITY
}

function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure
    ? error
    : new ApiFailure('internal', `Reading the mirror failed: ${error}`)
}
