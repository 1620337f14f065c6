'use client'

import { useAccounts, useLabels } from '@inlet/client/react'
import { sameValue } from '@inlet/client/store'
import type { ThreadView } from '@inlet/client/views'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { cx } from '@/ui/cx.ts'
import { Sheet } from '@/ui/dialog.tsx'
import { ListPane } from './list/list-pane.tsx'
import type { ThreadListHandle } from './list/thread-list.tsx'
import { OutboxNotice } from './outbox-notice.tsx'
import { Rail } from './rail/rail.tsx'
import type { RailUser } from './rail/user-menu.tsx'
import { Reader } from './reader/reader.tsx'
import { ReaderEmpty } from './reader/reader-empty.tsx'
import { ConnectionBanner } from './status/connection-banner.tsx'
import { TabTitle } from './tab-title.tsx'
import { useConnectedToast } from './use-connected-toast.ts'
import { usePlace } from './use-place.ts'
import { useThreadActions } from './use-thread-actions.ts'
import { viewTitle } from './view.ts'

const emptyRows: readonly ThreadView[] = []

/**
 * The three panes; on a phone one at a time. Renders when the person goes somewhere, not when mail arrives: what
 * that changes is read further down, where it shows.
 */
export function InboxScreen({ user }: { user: RailUser }) {
  const { place, go } = usePlace()
  const accounts = useAccounts(
    all => all.map(({ id, provider, email }) => ({ id, provider, email })),
    sameValue,
  )
  const { labels } = useLabels()
  const [railOpen, setRailOpen] = useState(false)
  const [cursorId, setCursorId] = useState<string | null>(null)
  /** The rows in the order they are shown in, for the keyboard. */
  const rows = useRef(emptyRows)
  const list = useRef<ThreadListHandle>(null)
  const title = viewTitle(place, labels, accounts.length)
  const openId = place.threadId
  useConnectedToast()

  const ownEmails = useMemo(() => new Set(accounts.map(({ email }) => email.toLowerCase())), [accounts])
  // Only where there is a doubt is it said whose mail a row is.
  const mixed = accounts.length > 1 && !place.accountId
  const marks = useMemo(
    () => new Map(mixed ? accounts.map(account => [account.id, account]) : []),
    [accounts, mixed],
  )

  // The rows leave when the change is applied: what stands after them must be known before that.
  const latest = useRef({ openId, cursorId, go })
  useEffect(() => {
    latest.current = { openId, cursorId, go }
  })
  const gone = useCallback((ids: readonly string[]) => {
    const now = latest.current
    const leaving = new Set(ids)
    const at = rows.current.findIndex(row => row.id === (now.openId ?? now.cursorId))
    const current = rows.current[at]
    if (!current || !leaving.has(current.id)) return
    const stays = (row: ThreadView) => !leaving.has(row.id)
    const next = rows.current.slice(at + 1).find(stays) ?? rows.current.slice(0, at).findLast(stays)
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
  const close = useCallback(() => {
    const { openId: was, go: move } = latest.current
    move({ threadId: null })
    if (was) requestAnimationFrame(() => list.current?.reveal(was))
  }, [])
  const showRail = useCallback(() => setRailOpen(true), [])

  return (
    <div className="flex h-dvh">
      <TabTitle name={title} view={place} labels={labels} />
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
          <ListPane
            place={place}
            go={go}
            title={title}
            labels={labels}
            ownEmails={ownEmails}
            marks={marks}
            cursorId={cursorId}
            setCursor={setCursorId}
            rows={rows}
            list={list}
            actions={actions}
            open={open}
            close={close}
            onMenu={showRail}
          />
          <div className={cx('min-w-0 flex-1', !openId && 'max-md:hidden')}>
            {openId ? (
              <Reader threadId={openId} actions={actions} ownEmails={ownEmails} onClose={close} />
            ) : (
              <ReaderEmpty view={accounts.length > 0 && !place.query ? place : null} labels={labels} />
            )}
          </div>
        </div>
      </main>
    </div>
  )
}
