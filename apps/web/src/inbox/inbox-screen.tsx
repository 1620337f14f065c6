'use client'

import { useAccounts, useEmailUpdates, useLabels } from '@inlet/client/react'
import type { ThreadView } from '@inlet/client/views'
import { CircleAlert } from 'lucide-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { Button } from '@/ui/button.tsx'
import { cx } from '@/ui/cx.ts'
import { Sheet } from '@/ui/dialog.tsx'
import { EmptyState } from '@/ui/empty-state.tsx'
import { FillProgress } from './fill-progress.tsx'
import { BulkBar } from './list/bulk-bar.tsx'
import { ListEmpty } from './list/list-empty.tsx'
import { ListHeader, SearchField } from './list/list-header.tsx'
import { ThreadList, type ThreadListHandle } from './list/thread-list.tsx'
import { useRowSelection } from './list/use-row-selection.ts'
import { OutboxNotice } from './outbox-notice.tsx'
import { Rail } from './rail/rail.tsx'
import type { RailUser } from './rail/user-menu.tsx'
import { Reader } from './reader/reader.tsx'
import { ReaderEmpty } from './reader/reader-empty.tsx'
import { ConnectionBanner } from './status/connection-banner.tsx'
import { useSyncNow } from './status/use-sync-now.ts'
import { useConnectedToast } from './use-connected-toast.ts'
import { useInboxCommands } from './use-inbox-commands.ts'
import { usePlace } from './use-place.ts'
import { useThreadActions } from './use-thread-actions.ts'
import { useTitle } from './use-title.ts'
import { useViewThreads } from './use-view-threads.ts'
import { useViewUnread } from './use-view-unread.ts'
import { viewKey, viewTitle } from './view.ts'

const emptyRows: readonly ThreadView[] = []

/** The three panes; on a phone one at a time. */
export function InboxScreen({ user }: { user: RailUser }) {
  const { place, go } = usePlace()
  const { accounts } = useAccounts()
  const { labels } = useLabels()
  const { phase } = useEmailUpdates()
  const [unreadOnly, setUnreadOnly] = useState(false)
  const [railOpen, setRailOpen] = useState(false)
  const [cursorId, setCursorId] = useState<string | null>(null)
  const [rows, setRows] = useState<readonly ThreadView[]>(emptyRows)
  const list = useRef<ThreadListHandle>(null)
  const search = useRef<HTMLInputElement>(null)
  const { busy, sync } = useSyncNow()
  const view = useViewThreads(place, labels, unreadOnly)
  const selection = useRowSelection(rows)
  const unread = useViewUnread(place, labels)
  const title = viewTitle(place, labels, accounts.length)
  const key = `${viewKey(place)}|${unreadOnly}`
  const openId = place.threadId
  useTitle(title, unread.inbox)
  useConnectedToast()

  const ownEmails = useMemo(() => new Set(accounts.map(account => account.email.toLowerCase())), [accounts])

  // The rows leave when the change is applied: what stands after them must be known before that.
  const latest = useRef({ rows, openId, cursorId, go })
  useEffect(() => {
    latest.current = { rows, openId, cursorId, go }
  })
  const gone = useCallback((ids: readonly string[]) => {
    const now = latest.current
    const leaving = new Set(ids)
    const at = now.rows.findIndex(row => row.id === (now.openId ?? now.cursorId))
    const current = now.rows[at]
    if (!current || !leaving.has(current.id)) return
    const stays = (row: ThreadView) => !leaving.has(row.id)
    const next = now.rows.slice(at + 1).find(stays) ?? now.rows.slice(0, at).findLast(stays)
    setCursorId(next?.id ?? null)
    // On a phone the person came from the list and goes back there.
    if (now.openId)
      now.go({ threadId: next && matchMedia('(min-width: 768px)').matches ? next.id : null }, 'replace')
  }, [])
  const actions = useThreadActions(gone)

  const open = useCallback((id: string) => {
    setCursorId(id)
    // Going through conversations is one step back, not fifty.
    latest.current.go({ threadId: id }, latest.current.openId ? 'replace' : 'push')
  }, [])
  const events = useMemo(() => ({ open, select: selection.toggle }), [open, selection.toggle])
  const close = useCallback(() => {
    const { openId: was, go: move } = latest.current
    move({ threadId: null })
    if (was) requestAnimationFrame(() => list.current?.reveal(was))
  }, [])

  useInboxCommands({
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
    setCursor: setCursorId,
    sync: () => void sync(),
    toggleUnreadOnly: () => setUnreadOnly(on => !on),
  })

  const failed = view.error && rows.length === 0
  return (
    <div className="flex h-dvh">
      <a
        href="#list"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:bg-raised focus:p-2"
      >
        Skip to the list
      </a>
      <div className="w-60 shrink-0 border-r border-line max-lg:hidden">
        <Rail user={user} place={place} go={go} />
      </div>
      <Sheet open={railOpen} onOpenChange={setRailOpen} title="Mailboxes">
        <Rail user={user} place={place} go={go} onLeave={() => setRailOpen(false)} />
      </Sheet>
      <main className="flex min-w-0 flex-1 flex-col">
        <ConnectionBanner />
        <OutboxNotice />
        <div className="flex min-h-0 flex-1">
          <div
            id="list"
            className={cx(
              'flex min-w-0 flex-col border-line max-md:flex-1 md:w-[clamp(320px,34vw,440px)] md:shrink-0 md:border-r',
              openId && 'max-md:hidden',
            )}
          >
            <ListHeader
              title={title}
              unread={unread.here}
              unreadOnly={unreadOnly}
              onUnreadOnly={setUnreadOnly}
              onMenu={() => setRailOpen(true)}
              syncing={busy}
              onSync={() => void sync()}
            />
            {selection.selected.length > 0 ? (
              <BulkBar threads={selection.selected} actions={actions} onClear={selection.clear} />
            ) : (
              <SearchField
                value={place.query}
                onChange={query => go({ query, threadId: null }, place.query ? 'replace' : 'push')}
                field={search}
              />
            )}
            <FillProgress />
            <div className="flex min-h-0 flex-1 flex-col border-t border-line">
              <ThreadList
                viewKey={key}
                title={title}
                threads={view.threads}
                loading={view.loading || (phase === 'starting' && view.threads.length === 0)}
                more={view.more}
                loadingMore={view.loadingMore}
                loadMore={view.loadMore}
                error={view.error?.message ?? null}
                retry={view.retry}
                labels={labels}
                shownLabelId={place.labelId}
                ownEmails={ownEmails}
                openId={openId}
                cursorId={openId ?? cursorId}
                chosen={selection.chosen}
                actions={actions}
                events={events}
                onRows={setRows}
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
          <div className={cx('min-w-0 flex-1', !openId && 'max-md:hidden')}>
            {openId ? (
              <Reader threadId={openId} actions={actions} ownEmails={ownEmails} onClose={close} />
            ) : (
              <ReaderEmpty unread={accounts.length > 0 && !place.query ? unread.here : null} />
            )}
          </div>
        </div>
      </main>
    </div>
  )
}
