'use client'

import { useEmailUpdates } from '@inlet/client/react'
import type { LabelView, ThreadView } from '@inlet/client/views'
import { CircleAlert } from 'lucide-react'
import { memo, type RefObject, useCallback, useMemo, useRef, useState } from 'react'
import { Button } from '@/ui/button.tsx'
import { cx } from '@/ui/cx.ts'
import { EmptyState } from '@/ui/empty-state.tsx'
import type { AccountRef } from '../account-mark.tsx'
import { FillProgress } from '../fill-progress.tsx'
import { useSyncNow } from '../status/use-sync-now.ts'
import { useInboxCommands } from '../use-inbox-commands.ts'
import type { ThreadActions } from '../use-thread-actions.ts'
import { useViewThreads } from '../use-view-threads.ts'
import { type InboxPlace, viewKey } from '../view.ts'
import { BulkBar } from './bulk-bar.tsx'
import { ListEmpty } from './list-empty.tsx'
import { ListHeader, SearchField } from './list-header.tsx'
import { ThreadList, type ThreadListHandle } from './thread-list.tsx'
import { useRowSelection } from './use-row-selection.ts'

interface Props {
  place: InboxPlace
  go(change: Partial<InboxPlace>, how?: 'push' | 'replace'): void
  title: string
  labels: readonly LabelView[]
  ownEmails: ReadonlySet<string>
  /** The accounts that rows tell apart; empty where all are of one. */
  marks: ReadonlyMap<string, AccountRef>
  cursorId: string | null
  setCursor(id: string | null): void
  rows: RefObject<readonly ThreadView[]>
  list: RefObject<ThreadListHandle | null>
  actions: ThreadActions
  open(id: string): void
  close(): void
  onMenu(): void
}

/** A view's conversations, what selects and searches them, and the keys that act on them. */
export const ListPane = memo(function ListPane(props: Props) {
  const { place, go, title, labels, cursorId, rows, list, actions, open, close } = props
  const starting = useEmailUpdates(state => state.phase === 'starting')
  const [unreadOnly, setUnreadOnly] = useState(false)
  const search = useRef<HTMLInputElement>(null)
  const { busy, sync } = useSyncNow()
  const view = useViewThreads(place, labels, unreadOnly)
  const selection = useRowSelection(view.threads, rows)
  const openId = place.threadId
  const events = useMemo(() => ({ open, select: selection.toggle }), [open, selection.toggle])
  const onRows = useCallback(
    (shown: readonly ThreadView[]) => {
      rows.current = shown
    },
    [rows],
  )
  const syncAll = useCallback(() => void sync(), [sync])
  const searching = place.query !== ''
  const searchFor = useCallback(
    (query: string) => go({ query, threadId: null }, searching ? 'replace' : 'push'),
    [go, searching],
  )

  useInboxCommands({
    threads: view.threads,
    rows,
    openId,
    cursorId: openId ?? cursorId,
    selection,
    actions,
    list,
    search,
    go,
    open,
    close,
    setCursor: props.setCursor,
    sync: syncAll,
    toggleUnreadOnly: () => setUnreadOnly(on => !on),
  })

  const failed = view.error && view.threads.length === 0
  return (
    <div
      id="list"
      className={cx(
        'flex min-w-0 flex-col border-line max-md:flex-1 md:w-[clamp(320px,34vw,440px)] md:shrink-0 md:border-r',
        openId && 'max-md:hidden',
      )}
    >
      <ListHeader
        title={title}
        view={place}
        labels={labels}
        unreadOnly={unreadOnly}
        onUnreadOnly={setUnreadOnly}
        onMenu={props.onMenu}
        syncing={busy}
        onSync={syncAll}
      />
      {selection.selected.length > 0 ? (
        <BulkBar threads={selection.selected} actions={actions} onClear={selection.clear} />
      ) : (
        <SearchField value={place.query} onChange={searchFor} field={search} />
      )}
      <FillProgress />
      <div className="flex min-h-0 flex-1 flex-col border-t border-line">
        <ThreadList
          viewKey={`${viewKey(place)}|${unreadOnly}`}
          title={title}
          threads={view.threads}
          loading={view.loading || (starting && view.threads.length === 0)}
          more={view.more}
          loadingMore={view.loadingMore}
          loadMore={view.loadMore}
          error={view.error?.message ?? null}
          retry={view.retry}
          labels={labels}
          shownLabelId={place.labelId}
          ownEmails={props.ownEmails}
          marks={props.marks}
          openId={openId}
          cursorId={openId ?? cursorId}
          chosen={selection.chosen}
          actions={actions}
          events={events}
          onRows={onRows}
          handle={list}
          empty={
            failed ? (
              <EmptyState
                icon={CircleAlert}
                title="This list could not be loaded"
                action={<Button onClick={view.retry}>Try again</Button>}
              >
                {view.error?.message}
              </EmptyState>
            ) : (
              <ListEmpty view={place} unreadOnly={unreadOnly} onAll={() => setUnreadOnly(false)} />
            )
          }
        />
      </div>
    </div>
  )
})
