import type { ThreadView } from '@inlet/client/views'
import { Archive, Mail, MailOpen, Star, Trash2 } from 'lucide-react'
import { keysOf } from '@/commands/shortcuts.ts'
import { IconButton } from '@/ui/icon-button.tsx'
import type { ThreadActions } from '../use-thread-actions.ts'

/** Shown under the pointer. By keyboard the same is done with e, u, s and #. */
export function RowActions({ thread, actions }: { thread: ThreadView; actions: ThreadActions }) {
  const unread = thread.unreadCount > 0
  return (
    <div className="absolute right-2 bottom-1.5 hidden items-center rounded-md border border-line bg-raised shadow-sm focus-within:flex md:group-hover:flex">
      <IconButton
        tight
        tabIndex={-1}
        icon={Archive}
        label="Archive"
        keys={keysOf('thread.archive')}
        onClick={() => void actions.archive([thread])}
      />
      <IconButton
        tight
        tabIndex={-1}
        icon={unread ? MailOpen : Mail}
        label={unread ? 'Mark read' : 'Mark unread'}
        keys={keysOf('thread.unread')}
        onClick={() => void actions.setRead([thread], unread)}
      />
      <IconButton
        tight
        tabIndex={-1}
        icon={Star}
        label={thread.starred ? 'Unstar' : 'Star'}
        keys={keysOf('thread.star')}
        iconClassName={thread.starred ? 'fill-star text-star' : ''}
        onClick={() => void actions.setStar([thread], !thread.starred)}
      />
      <IconButton
        tight
        tabIndex={-1}
        icon={Trash2}
        label="Move to trash"
        keys={keysOf('thread.trash')}
        onClick={() => void actions.trash([thread])}
      />
    </div>
  )
}
