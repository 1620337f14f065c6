import type { ThreadView } from '@inlet/client/views'
import { Archive, Mail, MailOpen, Star, Trash2, X } from 'lucide-react'
import { count } from '@/ui/format.ts'
import { IconButton } from '@/ui/icon-button.tsx'
import type { ThreadActions } from '../use-thread-actions.ts'

/** In place of the search field while rows are selected. */
export function BulkBar({
  threads,
  actions,
  onClear,
}: {
  threads: readonly ThreadView[]
  actions: ThreadActions
  onClear(): void
}) {
  const unread = threads.some(thread => thread.unreadCount > 0)
  const star = threads.some(thread => !thread.starred)
  const leave = (act: (threads: readonly ThreadView[]) => Promise<void>) => () => {
    onClear()
    void act(threads)
  }
  return (
    <div
      role="toolbar"
      aria-label="Selected conversations"
      className="mx-3 mb-2.5 flex h-8 shrink-0 animate-fade-in items-center rounded-md bg-accent-wash pr-1 pl-3"
    >
      <span className="flex-1 font-medium">{count(threads.length)} selected</span>
      <IconButton tight icon={Archive} label="Archive" onClick={leave(actions.archive)} />
      <IconButton
        tight
        icon={unread ? MailOpen : Mail}
        label={unread ? 'Mark read' : 'Mark unread'}
        onClick={() => void actions.setRead(threads, unread)}
      />
      <IconButton
        tight
        icon={Star}
        label={star ? 'Star' : 'Unstar'}
        onClick={() => void actions.setStar(threads, star)}
      />
      <IconButton tight icon={Trash2} label="Move to trash" onClick={leave(actions.trash)} />
      <IconButton tight icon={X} label="Clear the selection" onClick={onClear} />
    </div>
  )
}
