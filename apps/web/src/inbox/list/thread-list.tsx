'use client'

import type { LabelView, ThreadView } from '@inlet/client/views'
import { useVirtualizer } from '@tanstack/react-virtual'
import {
  type ReactNode,
  type Ref,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
} from 'react'
import { Button } from '@/ui/button.tsx'
import { cx } from '@/ui/cx.ts'
import { useNow } from '@/ui/use-now.ts'
import type { AccountRef } from '../account-mark.tsx'
import type { ThreadActions } from '../use-thread-actions.ts'
import { Announcer } from './announcer.tsx'
import { ListSkeleton } from './list-skeleton.tsx'
import { NewMailPill } from './new-mail-pill.tsx'
import { chipLabels } from './row-labels.ts'
import { ROW_HEIGHT, type RowEvents, ThreadRow } from './thread-row.tsx'
import { useCalmScroll } from './use-calm-scroll.ts'
import { useHeldThreads } from './use-held-threads.ts'
import { useKeptInPlace } from './use-kept-in-place.ts'

export interface ThreadListHandle {
  /** Scrolls the row into view and gives it the focus. */
  reveal(id: string): void
  toTop(): void
}

interface Props {
  viewKey: string
  title: string
  threads: readonly ThreadView[]
  loading: boolean
  more: boolean
  loadingMore: boolean
  loadMore(): void
  /** Why older mail did not come. Then only the person asks again. */
  error: string | null
  retry(): void
  labels: readonly LabelView[]
  shownLabelId: string | null
  ownEmails: ReadonlySet<string>
  marks: ReadonlyMap<string, AccountRef>
  openId: string | null
  cursorId: string | null
  chosen: ReadonlySet<string>
  actions: ThreadActions
  events: RowEvents
  /** The rows in the order they are shown in, for the keyboard. */
  onRows(rows: readonly ThreadView[]): void
  empty: ReactNode
  handle: Ref<ThreadListHandle>
}

const noLabels: readonly LabelView[] = []

export function ThreadList(props: Props) {
  const { viewKey, threads, loading, more, loadingMore, loadMore, openId, cursorId, chosen, onRows } = props
  const scroller = useRef<HTMLDivElement>(null)
  const now = useNow('halfMinute')
  const calm = useCalmScroll(scroller, viewKey)
  const { rows, held, fresh, release } = useHeldThreads(
    viewKey,
    threads,
    loading,
    calm.hold || chosen.size > 0,
  )

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: index => rows[index]?.id ?? index,
    overscan: 10,
  })

  useLayoutEffect(() => onRows(rows), [rows, onRows])
  useKeptInPlace(rows, fresh, openId ?? cursorId, calm.hold, viewKey, calm.keepInPlace)

  const failed = props.error !== null
  const lastIndex = virtual.getVirtualItems().at(-1)?.index ?? 0
  useEffect(() => {
    if (more && !failed && !loading && !loadingMore && lastIndex >= rows.length - 12) loadMore()
  }, [more, failed, loading, loadingMore, lastIndex, rows.length, loadMore])

  const showNew = () => {
    release()
    calm.toTop()
  }
  useImperativeHandle(props.handle, () => ({
    reveal(id) {
      const index = rows.findIndex(row => row.id === id)
      if (index < 0) return
      virtual.scrollToIndex(index, { align: 'auto' })
      requestAnimationFrame(() => {
        scroller.current
          ?.querySelector<HTMLElement>(`[data-thread-id="${CSS.escape(id)}"] [data-row-open]`)
          ?.focus({ preventScroll: true })
      })
    },
    toTop: showNew,
  }))

  const labelsById = useMemo(() => new Map(props.labels.map(label => [label.id, label])), [props.labels])
  const chipsOf = useChips(labelsById, props.shownLabelId)

  return (
    <div className="relative min-h-0 flex-1" {...calm.pointer}>
      <NewMailPill waiting={held + calm.above} onShow={showNew} />
      <Announcer fresh={fresh} held={held} rows={rows} />
      <div
        ref={scroller}
        onScroll={calm.onScroll}
        data-testid="thread-list"
        aria-busy={loading}
        className="h-full overflow-y-auto overscroll-contain"
      >
        {loading || (rows.length === 0 && more && !failed) ? (
          <ListSkeleton />
        ) : rows.length === 0 ? (
          props.empty
        ) : null}
        <ul aria-label={props.title} className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(item => {
            const thread = rows[item.index]
            if (!thread) return null
            return (
              <li
                key={item.key}
                aria-posinset={item.index + 1}
                aria-setsize={more ? -1 : rows.length}
                className={cx(
                  'absolute inset-x-0 top-0',
                  fresh.size > 0 && cursorId === null && 'transition-transform duration-150 ease-out',
                )}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <ThreadRow
                  thread={thread}
                  labels={thread.labelIds.length > 0 ? chipsOf(thread) : noLabels}
                  ownEmails={props.ownEmails}
                  account={props.marks.get(thread.accountId) ?? null}
                  now={now}
                  open={thread.id === openId}
                  cursor={thread.id === cursorId}
                  tabStop={cursorId === null ? item.index === 0 : thread.id === cursorId}
                  selected={chosen.has(thread.id)}
                  selecting={chosen.size > 0}
                  fresh={fresh.has(thread.id)}
                  actions={props.actions}
                  events={props.events}
                />
              </li>
            )
          })}
        </ul>
        {failed && rows.length > 0 ? <OlderFailed error={props.error ?? ''} onRetry={props.retry} /> : null}
        {loadingMore && rows.length > 0 ? (
          <p className="py-4 text-center text-xs text-faint">Loading older mail…</p>
        ) : null}
      </div>
    </div>
  )
}

function OlderFailed({ error, onRetry }: { error: string; onRetry(): void }) {
  return (
    <p role="alert" className="flex items-center justify-center gap-3 px-5 py-4 text-xs text-bad-text">
      {error}
      <Button size="sm" onClick={onRetry}>
        Try again
      </Button>
    </p>
  )
}

/** Keeps one array per thread, so that a row whose labels stayed the same is not drawn again. */
function useChips(labels: ReadonlyMap<string, LabelView>, shown: string | null) {
  return useMemo(() => {
    const cache = new WeakMap<readonly string[], readonly LabelView[]>()
    return (thread: ThreadView) => {
      let chips = cache.get(thread.labelIds)
      if (!chips) {
        chips = chipLabels(thread.labelIds, labels, shown)
        cache.set(thread.labelIds, chips)
      }
      return chips
    }
  }, [labels, shown])
}
