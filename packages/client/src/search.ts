import type { Message, Thread } from '@inlet/protocol/entities'
import { ApiFailure } from './api-failure.ts'
import type { LiveMirror } from './live-mirror-types.ts'
import { createStore, type ReadableStore } from './store.ts'

export interface SearchState {
  status: 'idle' | 'loading' | 'ready' | 'error'
  messages: readonly Message[]
  threads: readonly Thread[]
  error: ApiFailure | null
}

export const idleSearch: SearchState = { status: 'idle', messages: [], threads: [], error: null }

/** Long enough that a word typed at speed is one request, short enough not to be felt. */
const DEBOUNCE_MS = 150
const SEARCH_QUERY_MAX = 200

export interface Search extends ReadableStore<SearchState> {
  /** Starts over after the debounce; results of the last query stay until the new ones are here. */
  ask(q: string, accountId?: string): void
  retry(): void
  stop(): void
}

export function createSearch(mirror: LiveMirror): Search {
  const store = createStore(idleSearch)
  let asked: { q: string; accountId: string | undefined } = { q: '', accountId: undefined }
  let timer: ReturnType<typeof setTimeout> | undefined
  let aborter = new AbortController()

  async function run() {
    aborter.abort()
    aborter = new AbortController()
    const { signal } = aborter
    const { q, accountId } = asked
    try {
      const rows = await mirror.search(q, accountId === undefined ? {} : { accountId }, signal)
      if (signal.aborted) return
      const messages = rows.flatMap(change => (change.kind === 'message' ? [change.row] : []))
      const threads = rows.flatMap(change => (change.kind === 'thread' ? [change.row] : []))
      store.set({ status: 'ready', messages, threads, error: null })
    } catch (error) {
      if (signal.aborted) return
      const failure =
        error instanceof ApiFailure ? error : new ApiFailure('internal', `The search failed: ${error}`)
      store.set({ ...store.getSnapshot(), status: 'error', error: failure })
    }
  }

  function stop() {
    clearTimeout(timer)
    aborter.abort()
  }

  return {
    subscribe: store.subscribe,
    getSnapshot: store.getSnapshot,
    stop,
    retry: () => void run(),
    ask(text, accountId) {
      const q = text.trim().slice(0, SEARCH_QUERY_MAX)
      if (q === asked.q && accountId === asked.accountId) return
      stop()
      asked = { q, accountId }
      if (q === '') return store.set(idleSearch)
      store.set({ ...store.getSnapshot(), status: 'loading', error: null })
      timer = setTimeout(run, DEBOUNCE_MS)
    },
  }
}
