import type { LabelView, ThreadView } from '@inlet/client/views'
import { Check, Paperclip, Star } from 'lucide-react'
import { memo, useState } from 'react'
import { Avatar } from '@/ui/avatar.tsx'
import { cx } from '@/ui/cx.ts'
import { fullTime, plural, rowTime } from '@/ui/format.ts'
import { AccountMark, type AccountRef } from '../account-mark.tsx'
import type { ThreadActions } from '../use-thread-actions.ts'
import { LabelChip } from './label-chip.tsx'
import { RowActions } from './row-actions.tsx'
import { senderNames } from './sender-names.ts'

/** All rows are equally high: the virtual list needs no measuring, and nothing jumps. */
export const ROW_HEIGHT = 76

export interface RowEvents {
  open(id: string): void
  select(id: string, range: boolean): void
}

interface Props {
  thread: ThreadView
  labels: readonly LabelView[]
  /** Of the accounts: messages from these are from "me". */
  ownEmails: ReadonlySet<string>
  /** Whose mail it is, where rows of several accounts are shown. */
  account: AccountRef | null
  now: number
  open: boolean
  cursor: boolean
  /** The one row that Tab stops at. */
  tabStop: boolean
  selected: boolean
  selecting: boolean
  fresh: boolean
  actions: ThreadActions
  events: RowEvents
}

/** What a screen reader says of a row; what is drawn in it is hidden from it. */
function spoken(thread: ThreadView, names: string, account: AccountRef | null): string {
  return [
    thread.unreadCount > 0 ? 'Unread' : '',
    names,
    thread.subject || 'no subject',
    fullTime(thread.lastMessageAt),
    thread.messageCount > 1 ? plural(thread.messageCount, 'message') : '',
    thread.attachmentCount > 0 ? plural(thread.attachmentCount, 'attachment') : '',
    thread.starred ? 'starred' : '',
    account ? `in ${account.email}` : '',
  ]
    .filter(Boolean)
    .join(', ')
}

export const ThreadRow = memo(function ThreadRow(props: Props) {
  const { thread, labels, account, now, open, cursor, tabStop, selected, selecting, fresh } = props
  const { actions, events } = props
  const unread = thread.unreadCount > 0
  /** Under the pointer: only then its actions, which are most of a row's work, are made. */
  const [under, setUnder] = useState(false)
  const names = senderNames(thread.participants, props.ownEmails)
  const sender = thread.participants.at(-1) ?? { name: '', email: '?' }
  return (
    <div
      data-testid="thread-row"
      data-thread-id={thread.id}
      data-unread={unread}
      className={cx(
        'group relative flex gap-3 border-b border-line py-2.5 pr-4 pl-5',
        open || selected ? 'bg-selected' : 'bg-panel hover:bg-hover',
        fresh && 'animate-row-in',
      )}
      style={{ height: ROW_HEIGHT }}
      onPointerEnter={() => setUnder(true)}
      onPointerLeave={() => setUnder(false)}
    >
      {cursor ? <span aria-hidden className="absolute inset-y-0 left-0 w-0.5 bg-accent" /> : null}
      {unread ? (
        <span aria-hidden className="absolute top-[23px] left-[7px] size-[7px] rounded-full bg-accent" />
      ) : null}
      <span className="mt-0.5 size-8 shrink-0" aria-hidden>
        <Avatar address={sender} className={selecting ? 'opacity-0' : 'md:group-hover:opacity-0'} />
      </span>
      <RowText thread={thread} labels={labels} names={names} account={account} now={now} />
      {/* Over the whole row, under its other controls: a row is one target, and nothing is nested in a button. */}
      <button
        type="button"
        data-row-open
        tabIndex={tabStop ? 0 : -1}
        aria-label={spoken(thread, names, account)}
        aria-current={open ? 'true' : undefined}
        onClick={event => (event.shiftKey ? events.select(thread.id, true) : events.open(thread.id))}
        className="absolute inset-0 cursor-default! -outline-offset-2"
      />
      <label
        className={cx(
          'absolute top-[15px] left-6 flex size-6 items-center justify-center rounded-md border has-focus-visible:outline-2 has-focus-visible:outline-accent',
          selected
            ? 'border-accent bg-accent text-on-accent'
            : 'border-line-strong bg-raised text-transparent hover:text-faint',
          selecting ? 'opacity-100' : 'opacity-0 max-md:pointer-events-none md:group-hover:opacity-100',
        )}
      >
        <input
          type="checkbox"
          className="sr-only"
          tabIndex={-1}
          checked={selected}
          aria-label={`Select ${thread.subject || 'conversation'}`}
          onChange={event =>
            events.select(thread.id, 'shiftKey' in event.nativeEvent && event.nativeEvent.shiftKey === true)
          }
        />
        <Check className="size-4" strokeWidth={2.25} aria-hidden />
      </label>
      {under ? <RowActions thread={thread} actions={actions} /> : null}
    </div>
  )
})

function RowText({
  thread,
  labels,
  names,
  account,
  now,
}: {
  thread: ThreadView
  labels: readonly LabelView[]
  names: string
  account: AccountRef | null
  now: number
}) {
  const unread = thread.unreadCount > 0
  return (
    <div aria-hidden className="min-w-0 flex-1">
      <div className="flex items-baseline gap-2">
        <span className={cx('min-w-0 truncate', unread && 'font-semibold')}>{names}</span>
        {thread.messageCount > 1 ? <span className="text-2xs text-faint">{thread.messageCount}</span> : null}
        <span className="ml-auto flex shrink-0 items-center gap-1.5 text-2xs text-faint">
          {thread.attachmentCount > 0 ? <Paperclip className="size-3" /> : null}
          {thread.starred ? <Star className="size-3 fill-star text-star" /> : null}
          <time
            dateTime={new Date(thread.lastMessageAt).toISOString()}
            className={cx(unread && 'font-medium text-accent')}
          >
            {rowTime(thread.lastMessageAt, now)}
          </time>
        </span>
      </div>
      <p className={cx('truncate', unread && 'font-medium')}>{thread.subject || '(no subject)'}</p>
      <div className="flex items-center gap-1.5">
        {labels.slice(0, 2).map(label => (
          <LabelChip key={label.id} label={label} />
        ))}
        {labels.length > 2 ? <span className="text-2xs text-faint">+{labels.length - 2}</span> : null}
        <p className="min-w-0 flex-1 truncate text-xs text-faint">{thread.snippet}</p>
        {account ? <AccountMark account={account} /> : null}
      </div>
    </div>
  )
}
