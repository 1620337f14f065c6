import type { ThreadView } from '@inlet/client/views'
import type { Label } from '@inlet/protocol/entities'
import { Archive, Check, Mail, MailOpen, Paperclip, Star, Trash2 } from 'lucide-react'
import { memo } from 'react'
import { keysOf } from '@/commands/shortcuts.ts'
import { Avatar } from '@/ui/avatar.tsx'
import { cx } from '@/ui/cx.ts'
import { fullTime, rowTime } from '@/ui/format.ts'
import { IconButton } from '@/ui/icon-button.tsx'
import type { ThreadActions } from '../use-thread-actions.ts'
import { LabelChip } from './label-chip.tsx'
import { senderNames } from './sender-names.ts'

/** All rows are equally high: the virtual list needs no measuring, and nothing jumps. */
export const ROW_HEIGHT = 76

export interface RowEvents {
  open(id: string): void
  select(id: string, range: boolean): void
}

interface Props {
  thread: ThreadView
  labels: readonly Label[]
  /** Of the accounts: messages from these are from "me". */
  ownEmails: ReadonlySet<string>
  now: number
  index: number
  open: boolean
  cursor: boolean
  selected: boolean
  selecting: boolean
  fresh: boolean
  actions: ThreadActions
  events: RowEvents
}

export const ThreadRow = memo(function ThreadRow(props: Props) {
  const { thread, labels, now, index, open, cursor, selected, selecting, fresh, actions, events } = props
  const unread = thread.unreadCount > 0
  const names = senderNames(thread.participants, props.ownEmails)
  const sender = thread.participants.at(-1) ?? { name: '', email: '?' }
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={selected || open}
      tabIndex={cursor ? 0 : -1}
      data-testid="thread-row"
      data-thread-id={thread.id}
      data-unread={unread}
      onClick={event => {
        if (event.shiftKey) events.select(thread.id, true)
        else events.open(thread.id)
      }}
      onKeyDown={event => {
        // Only from the row itself: its buttons have their own Enter.
        if (event.key !== 'Enter' || event.target !== event.currentTarget) return
        event.preventDefault()
        events.open(thread.id)
      }}
      className={cx(
        'group relative flex cursor-default gap-3 border-b border-line py-2.5 pr-4 pl-5 -outline-offset-2',
        open || selected ? 'bg-selected' : 'bg-panel hover:bg-hover',
        fresh && 'animate-row-in',
      )}
      style={{ height: ROW_HEIGHT }}
    >
      {cursor ? <span aria-hidden className="absolute inset-y-0 left-0 w-0.5 bg-accent" /> : null}
      {unread ? (
        <span aria-hidden className="absolute top-[23px] left-[7px] size-[7px] rounded-full bg-accent" />
      ) : null}
      <div role="gridcell" className="relative mt-0.5 size-8">
        <Avatar
          address={sender}
          className={cx('absolute', selecting ? 'opacity-0' : 'md:group-hover:opacity-0')}
        />
        <button
          type="button"
          role="checkbox"
          aria-checked={selected}
          aria-label={`Select ${thread.subject || 'conversation'}`}
          tabIndex={-1}
          onClick={event => {
            event.stopPropagation()
            events.select(thread.id, event.shiftKey)
          }}
          className={cx(
            'absolute inset-1 flex items-center justify-center rounded-md border',
            selected
              ? 'border-accent bg-accent text-on-accent'
              : 'border-line-strong bg-raised text-transparent hover:text-faint',
            selecting || selected ? 'opacity-100' : 'opacity-0 md:group-hover:opacity-100',
            !selecting && 'max-md:pointer-events-none',
          )}
        >
          <Check className="size-4" strokeWidth={2.25} aria-hidden />
        </button>
      </div>

      <div role="gridcell" className="min-w-0 flex-1">
        <div className="flex items-baseline gap-2">
          <span className={cx('min-w-0 truncate', unread ? 'font-semibold' : 'font-normal')}>{names}</span>
          {thread.messageCount > 1 ? (
            <span className="text-2xs text-faint" title={`${thread.messageCount} messages`}>
              {thread.messageCount}
            </span>
          ) : null}
          <span className="ml-auto flex shrink-0 items-center gap-1.5 text-2xs text-faint">
            {thread.attachmentCount > 0 ? (
              <Paperclip className="size-3" aria-label={`${thread.attachmentCount} attachments`} />
            ) : null}
            {thread.starred ? <Star className="size-3 fill-star text-star" aria-label="Starred" /> : null}
            <time
              dateTime={new Date(thread.lastMessageAt).toISOString()}
              title={fullTime(thread.lastMessageAt)}
              className={cx(unread && 'font-medium text-accent')}
            >
              {rowTime(thread.lastMessageAt, now)}
            </time>
          </span>
        </div>
        <p className={cx('truncate', unread ? 'font-medium text-text' : 'text-text')}>
          {unread ? <span className="sr-only">Unread: </span> : null}
          {thread.subject || '(no subject)'}
        </p>
        <div className="flex items-center gap-1.5">
          {labels.slice(0, 2).map(label => (
            <LabelChip key={label.id} label={label} />
          ))}
          {labels.length > 2 ? <span className="text-2xs text-faint">+{labels.length - 2}</span> : null}
          <p className="min-w-0 flex-1 truncate text-xs text-faint">{thread.snippet}</p>
        </div>
      </div>
      <RowActions thread={thread} unread={unread} actions={actions} />
    </div>
  )
})

function RowActions({
  thread,
  unread,
  actions,
}: {
  thread: ThreadView
  unread: boolean
  actions: ThreadActions
}) {
  return (
    <div
      role="gridcell"
      // The row itself must not open when one of its actions is pressed.
      onClick={event => event.stopPropagation()}
      onKeyDown={event => event.stopPropagation()}
      className="absolute right-2 bottom-1.5 hidden items-center rounded-md border border-line bg-raised shadow-sm focus-within:flex md:group-hover:flex"
    >
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
