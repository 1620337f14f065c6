import type { Account, Label } from '@inlet/protocol/entities'
import type { MutationBody } from '@inlet/protocol/mutations'
import type { SyncResponse } from '@inlet/protocol/sync-api'
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import { ApiFailure } from './api-failure.ts'
import { type BodyState, type BodyView, createBodyView, loadingBody } from './body-view.ts'
import { createLiveMirror, type LiveMirrorOptions } from './live-mirror.ts'
import type { LiveMirror } from './live-mirror-types.ts'
import { type LiveValue, liveValue, sameItems } from './live-value.ts'
import { initialMirrorState, type MirrorState } from './mirror-state.ts'
import { readAccounts, readLabels, readOutbox, readThread, readUnreadCounts } from './queries.ts'
import { keepSameRows } from './same-rows.ts'
import { createSearch, idleSearch, type SearchState } from './search.ts'
import type { ReadableStore } from './store.ts'
import type { MirrorDb } from './tables.ts'
import { createThreadList, emptyThreadList, type ThreadListState } from './thread-list.ts'
import type { MessageView, PendingMutation, ThreadsQuery, ThreadView, UnreadCounts } from './views.ts'

const MirrorContext = createContext<LiveMirror | null>(null)

/**
 * Gives the hooks below their mirror. With `mirror` it only passes that on (tests); otherwise it creates and
 * starts one for the user, and stops it when it unmounts or the user changes.
 */
export function LiveMirrorProvider(props: {
  userId: string
  mirror?: LiveMirror
  /** Read when the mirror is created; later changes have no effect. */
  options?: Omit<LiveMirrorOptions, 'userId'>
  children?: ReactNode
}): ReactElement {
  const { userId, mirror: given, options, children } = props
  const [own, setOwn] = useState<LiveMirror | null>(null)
  useEffect(() => {
    if (given) return
    const mirror = createLiveMirror({ ...options, userId })
    mirror.start()
    setOwn(mirror)
    return () => {
      setOwn(null)
      void mirror.stop()
    }
  }, [userId, given])
  return createElement(MirrorContext.Provider, { value: given ?? own }, children)
}

/** null on the server and until the provider has mounted. */
export function useMirror(): LiveMirror | null {
  return useContext(MirrorContext)
}

/** The connection as a person should be told about it, and *Sync now*. */
export function useEmailUpdates(): MirrorState & {
  syncNow(accountId?: string): Promise<SyncResponse>
} {
  const mirror = useMirror()
  const state = useReadable(mirror?.state ?? null, initialMirrorState)
  const syncNow = useCallback(
    (accountId?: string) => (mirror ? mirror.syncNow(accountId) : notMounted()),
    [mirror],
  )
  return useMemo(() => ({ ...state, syncNow }), [state, syncNow])
}

export function useAccounts(): { accounts: readonly Account[]; loading: boolean } {
  const { value, loading } = useMirrorQuery('accounts', readAccounts, none<Account>(), sameItems)
  return useMemo(() => ({ accounts: value, loading }), [value, loading])
}

/** In the order of their names. `unread` is the server's count, see useUnreadCounts for the one to show. */
export function useLabels(accountId?: string): { labels: readonly Label[]; loading: boolean } {
  const { value, loading } = useMirrorQuery(
    `labels ${accountId ?? ''}`,
    db => readLabels(db, accountId),
    none<Label>(),
    sameItems,
  )
  return useMemo(() => ({ labels: value, loading }), [value, loading])
}

/** Newest first, live. Rows keep their object identity until they change. */
export function useThreads(query: ThreadsQuery): ThreadListState & { loadMore(): void } {
  const mirror = useMirror()
  const key = JSON.stringify([query.labelIds, query.role, query.accountId, query.unreadOnly, query.limit])
  const list = useMemo(() => (mirror ? createThreadList(mirror, query) : null), [mirror, key])
  const state = useReadable(list, emptyThreadList)
  return useMemo(() => ({ ...state, loadMore: () => list?.loadMore() }), [state, list])
}

/** A conversation, oldest message first. Messages that the mirror lacks are fetched. */
export function useThread(threadId: string | null): {
  thread: ThreadView | null
  messages: readonly MessageView[]
  loading: boolean
  error: ApiFailure | null
} {
  const mirror = useMirror()
  const { value, loading } = useMirrorQuery(
    `thread ${threadId ?? ''}`,
    db => (threadId ? readThread(db, threadId) : Promise.resolve(noThread)),
    noThread,
    mergeThread,
  )
  const incomplete =
    threadId !== null && !loading && value.messages.length < (value.thread?.messageCount ?? 1)
  const { error, fetching } = useMissingMessages(mirror, incomplete ? threadId : null)
  const empty = value.messages.length === 0
  const waiting = threadId !== null && (loading || (empty && fetching))
  return useMemo(() => ({ ...value, loading: waiting, error }), [value, waiting, error])
}

interface ThreadValue {
  thread: ThreadView | null
  messages: readonly MessageView[]
}
const noThread: ThreadValue = { thread: null, messages: [] }

function mergeThread(previous: ThreadValue, next: ThreadValue): ThreadValue {
  const messages = keepSameRows(previous.messages, next.messages)
  const [thread = null] = keepSameRows(asList(previous.thread), asList(next.thread))
  return thread === previous.thread && messages === previous.messages ? previous : { thread, messages }
}
const asList = <T>(item: T | null): T[] => (item === null ? [] : [item])

/** Fetches a thread's messages once; what came is in the mirror then and shows by itself. */
function useMissingMessages(
  mirror: LiveMirror | null,
  threadId: string | null,
): { error: ApiFailure | null; fetching: boolean } {
  const [outcome, setOutcome] = useState<{ threadId: string; error: ApiFailure | null } | null>(null)
  useEffect(() => {
    if (!mirror || !threadId) return
    const aborter = new AbortController()
    mirror.loadOlder({ threadId, limit: 200 }, aborter.signal).then(
      () => aborter.signal.aborted || setOutcome({ threadId, error: null }),
      error => aborter.signal.aborted || setOutcome({ threadId, error: asFailure(error) }),
    )
    return () => aborter.abort()
  }, [mirror, threadId])
  const mine = outcome?.threadId === threadId ? outcome : null
  return { error: mine?.error ?? null, fetching: threadId !== null && mine === null }
}

export function useMessageBody(messageId: string | null): BodyState & { retry(): void } {
  const mirror = useMirror()
  const view: BodyView | null = useMemo(
    () => (mirror && messageId ? createBodyView(mirror, messageId) : null),
    [mirror, messageId],
  )
  const state = useReadable(view, loadingBody)
  return useMemo(() => ({ ...state, retry: () => view?.retry() }), [state, view])
}

export function useUnreadCounts(): UnreadCounts {
  return useMirrorQuery('unread', readUnreadCounts, noCounts).value
}
const noCounts: UnreadCounts = { labels: {}, roles: {}, accounts: {} }

/** Stable function: stores the change, shows it at once and sends it; resolves with its client id. */
export function useMutate(): (body: MutationBody) => Promise<string> {
  const mirror = useMirror()
  return useCallback((body: MutationBody) => (mirror ? mirror.mutate(body) : notMounted()), [mirror])
}

/** What is still on its way, and what failed: to be told to the person, who retries or dismisses it. */
export function useOutbox(): {
  pending: readonly PendingMutation[]
  failed: readonly PendingMutation[]
  retry(clientId: string): Promise<string>
  dismiss(clientId: string): Promise<void>
} {
  const mirror = useMirror()
  const { value } = useMirrorQuery('outbox', readOutbox, emptyOutbox)
  return useMemo(
    () => ({
      ...value,
      retry: (clientId: string) => (mirror ? mirror.retryMutation(clientId) : notMounted()),
      dismiss: (clientId: string) => (mirror ? mirror.dismissMutation(clientId) : notMounted()),
    }),
    [value, mirror],
  )
}
const emptyOutbox: { pending: PendingMutation[]; failed: PendingMutation[] } = { pending: [], failed: [] }

/** Full text search at the server, debounced. Earlier results stay while the next are loading. */
export function useSearch(q: string, options?: { accountId?: string }): SearchState & { retry(): void } {
  const mirror = useMirror()
  const accountId = options?.accountId
  const search = useMemo(() => (mirror ? createSearch(mirror) : null), [mirror])
  useEffect(() => search?.ask(q, accountId), [search, q, accountId])
  useEffect(() => () => search?.stop(), [search])
  const state = useReadable(search, idleSearch)
  return useMemo(() => ({ ...state, retry: () => search?.retry() }), [state, search])
}

/** Deletes the local data in every tab. End the session at the server too. */
export function useSignOut(): () => Promise<void> {
  const mirror = useMirror()
  return useCallback(async () => mirror?.signOut(), [mirror])
}

function useReadable<T>(store: ReadableStore<T> | null, fallback: T): T {
  const subscribe = useCallback(
    (listener: () => void) => (store ? store.subscribe(listener) : () => {}),
    [store],
  )
  return useSyncExternalStore(
    subscribe,
    () => (store ? store.getSnapshot() : fallback),
    () => fallback,
  )
}

/** `key` names the query with its arguments: another key is another query, which starts as loading. */
function useMirrorQuery<T>(
  key: string,
  read: (db: MirrorDb) => Promise<T>,
  empty: T,
  merge?: (previous: T, next: T) => T,
): LiveValue<T> {
  const mirror = useMirror()
  const store = useMemo(() => (mirror ? liveValue(() => read(mirror.db), empty, merge) : null), [mirror, key])
  const fallback = useMemo(() => ({ value: empty, loading: true, error: null }), [])
  return useReadable(store, fallback)
}

const emptyList: readonly never[] = []
const none = <T>(): readonly T[] => emptyList

function notMounted(): Promise<never> {
  return Promise.reject(
    new ApiFailure(
      'unavailable',
      'The mirror is not there yet: call this after LiveMirrorProvider has mounted.',
    ),
  )
}

function asFailure(error: unknown): ApiFailure {
  return error instanceof ApiFailure ? error : new ApiFailure('internal', String(error))
}
