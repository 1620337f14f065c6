'use client'

import type { ThreadView } from '@inlet/client/views'
import type { RefObject } from 'react'
import { useCommands } from '@/commands/command-center.tsx'
import type { ThreadListHandle } from './list/thread-list.tsx'
import type { useRowSelection } from './list/use-row-selection.ts'
import type { ThreadActions } from './use-thread-actions.ts'
import type { InboxPlace } from './view.ts'

interface Parts {
  threads: readonly ThreadView[]
  /** The same in the order they are shown in. */
  rows: RefObject<readonly ThreadView[]>
  openId: string | null
  cursorId: string | null
  selection: ReturnType<typeof useRowSelection>
  actions: ThreadActions
  list: RefObject<ThreadListHandle | null>
  search: RefObject<HTMLInputElement | null>
  go(change: Partial<InboxPlace>): void
  open(id: string): void
  close(): void
  setCursor(id: string | null): void
  sync(): void
  toggleUnreadOnly(): void
}

/** What the keys do in the inbox. The keys themselves are in commands/shortcuts.ts. */
export function useInboxCommands(parts: Parts) {
  const { threads, openId, cursorId, selection, actions, list, go, open, close, setCursor } = parts

  const step = (by: 1 | -1) => {
    const rows = parts.rows.current
    const at = rows.findIndex(row => row.id === cursorId)
    const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))]
    if (!next) return
    if (openId) open(next.id)
    else setCursor(next.id)
    list.current?.reveal(next.id)
  }
  /** The selected rows, else the one under the cursor. */
  const targets = (): readonly ThreadView[] =>
    selection.selected.length > 0 ? selection.selected : threads.filter(thread => thread.id === cursorId)
  const onTargets =
    (act: (threads: readonly ThreadView[]) => Promise<void>, clear = false) =>
    () => {
      const chosen = targets()
      if (chosen.length === 0) return
      if (clear) selection.clear()
      void act(chosen)
    }
  const folder = (role: InboxPlace['role']) => () => go({ role, labelId: null, query: '', threadId: null })

  /** Offered only while there is something to act on. */
  const onThreads = {
    'thread.archive': onTargets(actions.archive, true),
    'thread.trash': onTargets(actions.trash, true),
    'thread.star': onTargets(chosen =>
      actions.setStar(
        chosen,
        chosen.some(thread => !thread.starred),
      ),
    ),
    'thread.unread': onTargets(async chosen => {
      const unread = chosen.some(thread => thread.unreadCount > 0)
      // Marked unread while open, it would count as read again a moment later.
      if (openId && !unread) close()
      await actions.setRead(chosen, unread)
    }),
  }

  useCommands({
    'list.next': () => step(1),
    'list.previous': () => step(-1),
    'list.open': () => {
      if (cursorId && !openId) open(cursorId)
    },
    'list.select': () => {
      if (cursorId) selection.toggle(cursorId, false)
    },
    'list.top': () => list.current?.toTop(),
    'list.unread': parts.toggleUnreadOnly,
    ...(targets().length > 0 ? onThreads : {}),
    'thread.close': () => {
      if (selection.selected.length > 0) selection.clear()
      else if (openId) close()
    },
    'go.inbox': folder('inbox'),
    'go.starred': folder('starred'),
    'go.sent': folder('sent'),
    'go.all': folder(null),
    'app.search': () => {
      // At once: the next letter typed must land in the field, not be taken for a command.
      if (parts.search.current?.offsetParent) return parts.search.current.select()
      // On a phone the field is behind the open conversation.
      close()
      requestAnimationFrame(() => parts.search.current?.select())
    },
    'app.sync': parts.sync,
  })
}
