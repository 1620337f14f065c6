import type { Account } from '@inlet/protocol/entities'
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
} from 'react'
import { ApiFailure } from './api-failure.ts'
import { type BodyState, type BodyView, createBodyView, loadingBody } from './body-view.ts'
import { createLiveMirror, type LiveMirrorOptions } from './live-mirror.ts'
import type { LiveMirror } from './live-mirror-types.ts'
import { type LiveValue, liveValue } from './live-value.ts'
import { initialMirrorState, type MirrorState } from './mirror-state.ts'
import { initialView, type MirrorViewState, mirrorView } from './mirror-view.ts'
import { type OutboxView, outboxView, readThread, unreadCounts } from './queries.ts'
import { keepSameRows } from './same-rows.ts'
import { createSearch, idleSearch, type SearchState } from './search.ts'
import { sameValue, shallowEqual } from './store.ts'
import type { MirrorDb } from './tables.ts'
import { createThreadList, emptyThreadList, type ThreadListState } from './thread-list.ts'
import { useReadable, useSlice } from './use-readable.ts'
import type { LabelView, MessageView, ThreadsQuery, ThreadView, UnreadCounts } from './views.ts'

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

type EmailUpdates = MirrorState & { syncNow(accountId?: string): Promise<SyncResponse> }

/**
 * The connection as a person should be told about it, and *Sync now*. Something of it moves with every page of the
 * feed: `useEmailUpdates(select)` renders only with the part that is taken.
 */
export function useEmailUpdates(): EmailUpdates
export function useEmailUpdates<T>(select: (state: MirrorState) => T, same?: (a: T, b: T) => boolean): T
export function useEmailUpdates<T>(
  select?: (state: MirrorState) => T,
  same?: (a: T, b: T) => boolean,
): EmailUpdates | T {
  const syncNow = useSyncNow()
  const whole = useCallback((state: MirrorState): EmailUpdates => ({ ...state, syncNow }), [syncNow])
  return useSlice<MirrorState, EmailUpdates | T>(
    useMirror()?.state ?? null,
    initialMirrorState,
    select ?? whole,
    (select ? same : shallowEqual) as Same,
  )
}
type Same = ((a: unknown, b: unknown) => boolean) | undefined

/** A stable function: one account or all. Rejects with ApiFailure. */
export function useSyncNow(): (accountId?: string) => Promise<SyncResponse> {
  const mirror = useMirror()
  return useCallback((accountId?: string) => (mirror ? mirror.syncNow(accountId) : notMounted()), [mirror])
}

/** Oldest first. An account changes with every sync: `useAccounts(select)` renders only with what is taken of them. */
export function useAccounts(): { accounts: readonly Account[]; loading: boolean }
export function useAccounts<T>(select: (accounts: readonly Account[]) => T, same?: (a: T, b: T) => boolean): T
export function useAccounts<T>(
  select?: (accounts: readonly Account[]) => T,
  same?: (a: T, b: T) => boolean,
): { accounts: readonly Account[]; loading: boolean } | T {
  return useView<{ accounts: readonly Account[]; loading: boolean } | T>(
    ({ tables: { accounts }, loading }) => (select ? select(accounts) : { accounts, loading }),
    (select ? same : shallowEqual) as Same,
  )
}

/** In the order of their names, without their counts. */
export function useLabels(accountId?: string): { labels: readonly LabelView[]; loading: boolean } {
  const loading = useView(view => view.loading)
  const all = useView(view => view.tables.labelViews)
  return useMemo(
    () => ({ labels: accountId ? all.filter(label => label.accountId === accountId) : all, loading }),
    [all, accountId, loading],
  )
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

/** All counts, or what is taken of them: then it renders only when that changes. */
export function useUnreadCounts<T = UnreadCounts>(
  select: (counts: UnreadCounts) => T = counts => counts as unknown as T,
  same: (a: T, b: T) => boolean = sameValue,
): T {
  return useView(({ tables }) => select(unreadCounts(tables)), same)
}

/** Stable function: stores the change, shows it at once and sends it; resolves with its client id. */
export function useMutate(): (body: MutationBody) => Promise<string> {
  const mirror = useMirror()
  return useCallback((body: MutationBody) => (mirror ? mirror.mutate(body) : notMounted()), [mirror])
}

/** What is still on its way, and what failed: to be told to the person, who retries or dismisses it. */
export function useOutbox(): {
  pending: OutboxView['pending']
  failed: OutboxView['failed']
  retry(clientId: string): Promise<string>
  dismiss(clientId: string): Promise<void>
} {
  const mirror = useMirror()
  const value = useView(({ tables }) => outboxView(tables), sameOutbox)
  return useMemo(
    () => ({
      ...value,
      retry: (clientId: string) => (mirror ? mirror.retryMutation(clientId) : notMounted()),
      dismiss: (clientId: string) => (mirror ? mirror.dismissMutation(clientId) : notMounted()),
    }),
    [value, mirror],
  )
}
const sameRow = <T>(a: readonly T[], b: readonly T[]) =>
  a.length === b.length && a.every((row, i) => row === b[i])
const sameOutbox = (a: OutboxView, b: OutboxView) =>
  sameRow(a.pending, b.pending) && sameRow(a.failed, b.failed)

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

function useView<T>(select: (view: MirrorViewState) => T, same?: (a: T, b: T) => boolean): T {
  const mirror = useMirror()
  return useSlice(mirror && mirrorView(mirror.db), initialView, select, same)
}

/** `key` names the query with its arguments: another key is another query, which starts as loading. */
function useMirrorQuery<T>(
  key: string,
  read: (db: MirrorDb) => Promise<T>,
  empty: T,
  merge: (previous: T, next: T) => T,
): LiveValue<T> {
  const mirror = useMirror()
  const store = useMemo(() => (mirror ? liveValue(() => read(mirror.db), empty, merge) : null), [mirror, key])
  const fallback = useMemo(() => ({ value: empty, loading: true, error: null }), [])
  return useReadable(store, fallback)
}

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
